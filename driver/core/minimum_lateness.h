#pragma once
// The minimum lateness: that of an interrupt that is served at once. The load of the machine may
// raise it for all pulses, and lower it again. An oscillator cannot jump, so pulses that are
// suddenly later prove nothing about the clock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "driver/core/envelope.h"

namespace ntsbox::driver {

/// Classifies each pulse by the line before it. Never allocates.
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

}  // namespace ntsbox::driver
