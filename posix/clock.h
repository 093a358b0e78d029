#pragma once
// The only place that reads the machine's clocks.

#include <ctime>
#include <optional>

#include "base/time.h"

namespace ntsbox {

/// The clocks read together, and how long the reading took: `clocks.monotonic` is the middle of
/// that span, in which the other clocks were read.
struct TimedReading {
  ClockReading clocks;
  nanoseconds span{};
};

/// Of a few tries the one that took least time, so that a preemption between two clocks does not
/// look like a step.
[[nodiscard]] TimedReading read_clocks_timed();
[[nodiscard]] ClockReading read_clocks();

/// CLOCK_REALTIME alone, whether right or wrong.
[[nodiscard]] SystemTime system_time();
/// Its whole second.
[[nodiscard]] UtcSecond system_second();
/// CLOCK_MONOTONIC alone.
[[nodiscard]] MonotonicTime monotonic_time();

/// The kernel's clock status (adjtimex(2) with no modes, which needs no privilege); empty where the
/// kernel or a sandbox forbids even asking.
[[nodiscard]] std::optional<ClockStatus> read_clock_status();

/// A span since the epoch of a clock, as the kernel takes it. Its width is the machine's: a time_t
/// of 32 bits ends in 2038, as the clock does that is asked.
[[nodiscard]] timespec timespec_of(nanoseconds span);

}  // namespace ntsbox
