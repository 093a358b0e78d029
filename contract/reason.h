#pragma once
// The states of ntsboxd and the reasons why it does not send a pulse to chronyd, each with its
// name, its meaning and a hint (docs/event-log.md).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ntsbox {

/// Why a pulse was not believed.
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
  pulse_drift,
  no_fix_report,
  unknown_fix,
  simulated_fix,
  no_date,
  no_toff,
  stuck_time,
  message_rate,
  early_messages,
  late_messages,
};
inline constexpr std::size_t reason_count = 31;

/// How many pulses were refused, by Reason.
using Refusals = std::array<std::uint64_t, reason_count>;

/// The name that scripts rely on: "no-fix".
[[nodiscard]] std::string_view name_of(Reason reason);
[[nodiscard]] std::optional<Reason> reason_named(std::string_view name);

/// One line for people: "gpsd has no fix: is the antenna in sight of the sky?".
[[nodiscard]] std::string_view words_for(Reason reason);

/// What to do about a reason that lasts; empty when it passes by itself.
[[nodiscard]] std::string_view hint_for(Reason reason);

/// What ntsboxd is doing.
enum class State : std::uint8_t {
  waiting,    // gpsd, the receiver's time or the pulses are missing, and nothing is known yet
  acquiring,  // all of them arrive; counting consistent messages before the first sample
  locked,     // samples go out
  hold,       // no samples: something was lost or doubted, the second is still counted
  fault,      // no samples: the receiver contradicts what was known; long consistency is needed
};
inline constexpr std::size_t state_count = 5;

/// "LOCKED".
[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] std::optional<State> state_named(std::string_view name);

}  // namespace ntsbox
