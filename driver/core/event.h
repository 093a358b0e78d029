#pragma once
// What the world tells the bridge. Every event carries the time at which the loop received it, so
// the core never asks a clock, and a recorded day replays exactly.

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "driver/core/gpsd_report.h"

namespace ntsbox::driver {

/// The clocks, read together when the loop received an event. `raw` is absent in some recordings.
struct Reading {
  SystemTime system;
  MonotonicTime monotonic;
  std::optional<RawTime> raw;
};

/// One edge of the receiver's pulse.
struct Pulse {
  SystemTime stamp;            // the kernel's CLOCK_REALTIME at the edge (RFC 2783 §3.4.3)
  std::uint64_t sequence = 0;  // the kernel's 32-bit counter of edges: it wraps and may start again
};

/// The kernel's clock status (adjtimex(2)): whether the clock is disciplined and how wrong it may
/// be.
struct ClockStatus {
  bool synchronised = false;  // STA_UNSYNC is clear
  nanoseconds maxerror{};
};

/// About once a second. The status is absent where the kernel could not be asked.
struct Tick {
  std::optional<ClockStatus> clock;
};

/// The connection to gpsd ended.
struct GpsdLost {};

/// The pulse source went away.
struct PpsLost {};

struct Event {
  Reading at;
  std::variant<Pulse, GpsdReport, Tick, GpsdLost, PpsLost> what;
};

}  // namespace ntsbox::driver
