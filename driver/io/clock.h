#pragma once
// The only place that reads the machine's clocks for the daemon.

#include <optional>

#include "driver/core/event.h"

namespace ntsbox::driver {

/// The clocks, read together: of a few tries the one that took least time, so that a preemption
/// between two of them does not look like a step.
[[nodiscard]] Reading read_clocks();

/// The kernel's clock status (adjtimex(2) with no modes, which needs no privilege); empty where the
/// kernel or a sandbox forbids even asking.
[[nodiscard]] std::optional<ClockStatus> read_clock_status();

}  // namespace ntsbox::driver
