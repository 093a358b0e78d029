#pragma once
// What can go wrong in a life, and how it is composed at random and written down.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tests/scenarios/machine_clocks.h"

namespace ntsbox::scenarios {

/// In brackets: what `amount` means.
enum class FaultKind : std::uint8_t {
  no_pulse,
  pulse_rate,         // 0.5, 2, 5 or 10 Hz [Hz]
  other_edge,         // the pulse comes this much later [s]
  glitches,           // edges anywhere, beside the pulses [a second]
  hum,                // mains on the wire, beside the pulses [Hz]
  late_interrupts,    // three edges in ten are late by up to this [s]
  missed_edges,       // counted and never fetched [probability]
  repeated_edges,     // fetched twice [probability]
  pps_lost,           // the source goes away and comes back; its count starts again
  sequence_restart,   // an instant: the count starts again, and nobody says so
  no_fix,             // and no time
  flapping_fix,       // so long with a fix, so long without [s]
  silent_receiver,    // no sentence
  no_toff,            // TOFF is missing [probability]
  no_tpv,             // TPV is missing [probability]
  garbled_date,       // TPV and TOFF tell different times [s]
  wrong_week,         // the date is n × 1024 weeks off [n]
  slow_sentences,     // each anything up to this late [s]
  tardy_sentences,    // some come 2 s late [probability]
  stalled_sentences,  // all are held, and come at once at its end
  several_receivers,  // another one speaks beside ours [s; how wrong, if ours is named]
  gpsd_lost,          // the connection ends, and comes back
  clock_step,         // an instant [s]
  slew,               // [ppm]
  stalled_loop,       // the daemon does not run; all waits for it
  preempted,          // between reading one clock and the next [probability]
  // Lies. Nothing but a witness tells one from the truth once it has lasted a minute.
  wrong_second,    // [s]
  late_sentences,  // all are so much later [s]
};
inline constexpr std::size_t fault_kinds = 28;

/// "no-pulse".
[[nodiscard]] std::string_view name_of(FaultKind kind);

/// It contradicts what was known: until the truth is believed again takes a minute.
[[nodiscard]] bool contradicts(FaultKind kind);

struct Fault {
  FaultKind kind;
  SinceStart from;
  SinceStart until;  // an instant's is its `from`
  double amount = 0;

  friend bool operator==(const Fault&, const Fault&) = default;
};

/// All that makes a life.
struct LifePlan {
  std::uint64_t seed = 1;
  std::int64_t length = 0;    // seconds
  std::vector<Fault> faults;  // by `from`
};

/// A life of `length` seconds with faults composed at random: a calm one, one class of faults
/// alone, or several at once. Lies last less than a minute and keep apart from each other, from the
/// first two minutes and from a month's end, unless a witness is there; all others come and overlap
/// as they like.
[[nodiscard]] LifePlan random_plan(std::uint64_t seed, std::int64_t length);

/// "seed 7 length 900; no-pulse 12000000000 60000000000 0; ...": the times in nanoseconds.
[[nodiscard]] std::string format_plan(const LifePlan& plan);
/// Fails, in words, on any other text.
[[nodiscard]] Result<LifePlan> parse_plan(std::string_view text);

}  // namespace ntsbox::scenarios
