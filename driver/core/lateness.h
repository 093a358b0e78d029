#pragma once
// How late was an edge stamped? An interrupt is served late, never early, so the earliest of many
// edges show when all of them were due. The estimate uses CLOCK_MONOTONIC_RAW alone, so that what
// chronyd does to the clock does not feed back into it. docs/accuracy.md has the reasoning.

#include "base/time.h"
#include "contract/lateness_mode.h"
#include "driver/core/decision.h"
#include "driver/core/envelope.h"
#include "driver/core/minimum_lateness.h"

namespace ntsbox::driver {

class Lateness {
 public:
  explicit Lateness(LatenessMode mode) : mode_(mode) {}

  /// By how much the pulse of `sample` was stamped late, estimated from the pulses before it;
  /// negative when it is early. It is to be added to the sample's offset. Within ±most, and 0 until
  /// there are enough pulses, or where the mode corrects nothing. `edge` is the stamp on
  /// CLOCK_MONOTONIC_RAW. Samples in the order of their seconds; never allocates.
  nanoseconds estimate(const Sample& sample, RawTime edge);

  /// Which part of the line's correction is applied, by the mode and by the distribution of the
  /// lateness: 0 to 1.
  [[nodiscard]] double share() const;

  /// The edge filter accepts no later edge.
  static constexpr nanoseconds most = 500us;

 private:
  bool is_outlier(const RawPulse& pulse);
  bool is_for_line(const RawPulse& pulse);
  void measure();
  [[nodiscard]] nanoseconds correction(double off) const;

  LatenessMode mode_;
  Envelope envelope_;
  MinimumLateness minimum_;
  double spread_ = 0;       // ns from the line to the median pulse
  double noise_ = 0;        // ns between neighbours, which the drift of the clock does not affect
  double mean_spread_ = 0;  // its mean over the last minutes
  double skew_ = 0;         // of the residuals, likewise
  double averaged_ = 0;     // number of pulses in these means
  int outliers_ = 0;        // in a row, too far from the line to belong to it
};

}  // namespace ntsbox::driver
