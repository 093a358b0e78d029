#pragma once
// What the bridge decided about a pulse, and the state that it is in.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// A pulse that may be believed. offset is true minus system time at the stamp, exact to the
/// nanosecond.
struct Sample {
  SystemTime stamp;
  UtcSecond second;
  nanoseconds offset{};
  nanoseconds correction{};  // how late the pulse is known to be: chronyd gets offset + correction

  [[nodiscard]] nanoseconds sent_offset() const { return offset + correction; }
};

/// Why a pulse was not believed. Each has its meaning in docs/event-log.md.
enum class Reason : std::uint8_t {
  clock_range,
  duplicate,
  clock_step,
  off_beat,
  pulse_rate,
  late,
  no_gpsd,
  no_receiver,
  several_receivers,
  no_fix,
  no_second,
  time_mismatch,
  leap_seconds,
  before_floor,
  after_ceiling,
  acquiring,
  ambiguous,
  hold,
  fault,
  month_end,
  witness,
};
inline constexpr std::size_t reason_count = 21;

/// The kebab-case name of the contract: "no-fix".
[[nodiscard]] std::string_view name_of(Reason reason);

using Verdict = std::variant<Sample, Reason>;

/// What the bridge is doing.
enum class State : std::uint8_t {
  waiting,    // gpsd, the receiver's time or the pulses are missing, and nothing is known yet
  acquiring,  // all of them come; counting agreement before the first sample
  locked,     // samples go out
  hold,       // silent: something was lost or doubted, the number is still carried
  fault,      // silent: the receiver contradicts what was known; long consistency is needed
};

/// "LOCKED".
[[nodiscard]] std::string_view name_of(State state);

}  // namespace ntsbox::driver
