#pragma once
// The input of the bridge. Every event carries the time at which the loop received it, so the core
// never reads a clock, and a recording replays exactly.

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "driver/core/gpsd_report.h"

namespace ntsbox::driver {

using Reading = ClockReading;

/// One edge of the receiver's pulse.
struct Pulse {
  SystemTime stamp;            // the kernel's CLOCK_REALTIME at the edge (RFC 2783 §3.4.3)
  std::uint64_t sequence = 0;  // the kernel's 32-bit counter of edges: it wraps and may start again
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
