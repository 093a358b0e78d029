#pragma once
// A scenario: the faults that are injected, how they are composed at random, and their text form.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tests/scenarios/clocks.h"

namespace ntsbox::scenarios {

/// In brackets: the meaning of `amount`.
enum class FaultKind : std::uint8_t {
  no_pulse,
  pulse_rate,         // 0.5, 2, 5 or 10 Hz [Hz]
  other_edge,         // the pulse comes this much later [s]
  glitches,           // edges anywhere, beside the pulses [a second]
  hum,                // mains on the wire, beside the pulses [Hz]
  late_interrupts,    // three edges in ten are late by up to this [s]
  missed_edges,       // counted and not fetched [probability]
  repeated_edges,     // fetched twice [probability]
  pps_lost,           // the source goes away and comes back; its count starts again
  sequence_restart,   // an instant: the count starts again without notice
  no_fix,             // and no time
  flapping_fix,       // so long with a fix, so long without [s]
  silent_receiver,    // no message
  no_toff,            // TOFF is missing [probability]
  no_tpv,             // TPV is missing [probability]
  garbled_date,       // TPV and TOFF have different times [s]
  wrong_week,         // the date is n × 1024 weeks off [n]
  slow_sentences,     // each burst is late by up to this [s]
  tardy_sentences,    // some bursts are 2 s late [probability]
  stalled_sentences,  // all bursts come at once at its end
  several_receivers,  // a second one sends messages [s; its error, where `device` is set]
  gpsd_lost,          // the connection ends, and comes back
  clock_step,         // an instant [s]
  slew,               // [ppm]
  stalled_loop,       // the daemon does not run
  preempted,          // between reading one clock and the next [probability]
  // Undetectable without a witness once they have lasted a minute.
  wrong_second,    // [s]
  late_sentences,  // all bursts are later by this [s]
};
inline constexpr std::size_t fault_kinds = 28;

/// "no-pulse".
[[nodiscard]] std::string_view name_of(FaultKind kind);

/// It contradicts the accepted label: after it, accepting the right one takes a minute.
[[nodiscard]] bool contradicts(FaultKind kind);

struct InjectedFault {
  FaultKind kind;
  SinceStart from;
  SinceStart until;  // an instant's is its `from`
  double amount = 0;

  friend bool operator==(const InjectedFault&, const InjectedFault&) = default;
};

/// All that determines a simulation: the seed has the parameters.
struct Scenario {
  std::uint64_t seed = 1;
  std::int64_t length = 0;            // seconds
  std::vector<InjectedFault> faults;  // by `from`
};

/// A scenario of `length` seconds with faults composed at random: none, one kind alone, or several
/// kinds. Undetectable faults last less than a minute and keep apart from each other, from the
/// first two minutes and from a month's end, unless there is a witness; all others overlap at
/// random.
[[nodiscard]] Scenario random_scenario(std::uint64_t seed, std::int64_t length);

/// "seed 7 length 900; no-pulse 12000000000 60000000000 0; ...": the times in nanoseconds.
[[nodiscard]] std::string format_scenario(const Scenario& scenario);
/// Fails, in words, on any other text.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text);

}  // namespace ntsbox::scenarios
