#pragma once
// The least lateness there is, of an interrupt that is served at once. A machine's load may raise
// it for all pulses alike and let it fall again. A crystal cannot jump: pulses that are all of a
// sudden later say nothing about the clock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"
#include "driver/core/envelope.h"

namespace ntsbox::driver {

/// Judges each pulse by the line before it. Never allocates.
class LatencyFloor {
 public:
  enum class Finding : std::uint8_t {
    usual,  // a pulse for the line
    early,  // none for it: early for another reason
    held,   // none for it as yet: on a floor that seems raised
    moved,  // the floor moved by step(): this pulse and those held() before it are on the new one
    lost,   // early ones that do not agree: the line is no good
  };

  /// What a pulse is that is so many ns above the line, where the median pulse is by `spread` ns.
  Finding judge(const RawPulse& pulse, double above, double spread);

  /// After `held`: how many of the pulses before were no usual ones either, as is known only now.
  [[nodiscard]] std::size_t taken_back() const;

  /// After `moved`.
  [[nodiscard]] nanoseconds step() const;
  [[nodiscard]] std::span<const RawPulse> held() const;

  /// A floor that is raised for longer than so many pulses is taken for good.
  static constexpr std::size_t most_held = 80;

 private:
  [[nodiscard]] Finding judge_early(double reach) const;
  Finding judge_raised(const RawPulse& pulse, double above);

  std::size_t early_ = 0;   // in a row under the line by more than noise
  std::size_t raised_ = 0;  // in a row over it
  double lowest_ = 0;       // ns above the line, of those
  double highest_ = 0;
  std::array<RawPulse, most_held> held_{};
  std::size_t held_count_ = 0;
  double lowest_at_first_ = 0;  // ns above the line, of the first ones held
  double lowest_of_late_ = 0;   // and of the last
};

}  // namespace ntsbox::driver
