#pragma once
// How late was an edge stamped? An interrupt is served late, never early, so the earliest of many
// edges show when all of them were due. The estimate uses CLOCK_MONOTONIC_RAW alone, so that what
// chronyd does to the clock does not feed back into it. docs/accuracy.md has the reasoning.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "contract/pulse_source.h"
#include "driver/core/decision.h"
#include "driver/core/envelope.h"

namespace ntsbox::driver {

/// The minimum lateness: that of an interrupt that is served at once. The load of the machine may
/// raise it for all pulses, and lower it again. An oscillator cannot jump, so pulses that are
/// suddenly later prove nothing about the clock. Classifies each pulse by the line before it. Never
/// allocates.
class MinimumLateness {
 public:
  enum class Change : std::uint8_t {
    on_line,       // the pulse belongs to the line
    early,         // it does not: it is early for another reason
    held,          // not decided yet: the minimum seems raised
    shifted,       // the minimum changed by step(), for this pulse and those held() before it
    inconsistent,  // early pulses that do not agree with each other: the line is wrong
  };

  /// Of a pulse that is `above` ns above the line, where the median pulse is `spread` ns above it.
  Change classify(const RawPulse& pulse, double above, double spread);

  /// After `held`: how many of the pulses before it do not belong to the line either.
  [[nodiscard]] std::size_t to_take_back() const;

  /// After `shifted`.
  [[nodiscard]] nanoseconds step() const;
  [[nodiscard]] std::span<const RawPulse> held() const;

  /// A minimum that stays raised for more pulses is taken as the new one.
  static constexpr std::size_t most_held = 80;

 private:
  [[nodiscard]] Change classify_early(double reach) const;
  Change classify_raised(const RawPulse& pulse, double above);

  std::size_t early_ = 0;   // in a row below the line by more than noise
  std::size_t raised_ = 0;  // in a row above it by more than noise
  double lowest_ = 0;       // ns above the line, of those in a row
  double highest_ = 0;
  std::array<RawPulse, most_held> held_{};
  std::size_t held_count_ = 0;
  double lowest_at_first_ = 0;  // ns above the line, of the first block held
  double lowest_of_late_ = 0;   // and of the last block
};

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
