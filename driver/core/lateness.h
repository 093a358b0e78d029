#pragma once
// How late was a pulse stamped? An interrupt is served late, never early, so of many pulses the
// earliest ones tell where all of them were due. The judge looks at CLOCK_MONOTONIC_RAW alone:
// nothing that chronyd does to the clock comes back to it. docs/accuracy.md has the reasoning.

#include "base/time.h"
#include "contract/lateness_mode.h"
#include "driver/core/decision.h"
#include "driver/core/envelope.h"
#include "driver/core/latency_floor.h"

namespace ntsbox::driver {

class Lateness {
 public:
  explicit Lateness(LatenessMode mode) : mode_(mode) {}

  /// By how much the pulse of `sample` was stamped late, as far as the last ones tell; negative
  /// when earlier than they would have it. What is to be added to the sample's offset: within
  /// ±most, and 0 until there are enough pulses, or where the mode has nothing to say. `edge` is
  /// the stamp on CLOCK_MONOTONIC_RAW. Samples in the order of their seconds; never allocates.
  nanoseconds judge(const Sample& sample, RawTime edge);

  /// How much of the line's correction is applied, by the mode or by the shape of the lateness: 0
  /// to 1.
  [[nodiscard]] double share() const;

  /// The comb takes no pulse that is later.
  static constexpr nanoseconds most = 500us;

 private:
  bool is_stranger(const RawPulse& pulse);
  bool is_for_line(const RawPulse& pulse);
  void measure();
  [[nodiscard]] nanoseconds correction(double off) const;

  LatenessMode mode_;
  Envelope envelope_;
  LatencyFloor floor_;
  double spread_ = 0;       // ns from the line to the median pulse
  double noise_ = 0;        // ns between neighbours, into which the clock's wander does not come
  double mean_spread_ = 0;  // the mean of the last minutes
  double skew_ = 0;         // of the residuals, too
  double seen_ = 0;         // how many are in these means
  int strangers_ = 0;       // in a row nowhere near the line
};

}  // namespace ntsbox::driver
