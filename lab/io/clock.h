#pragma once
// The only place that reads the machine's clocks for the simulator.

#include "base/time.h"
#include "lab/core/true_time.h"

namespace ntsbox::lab {

struct ClockReading {
  MonotonicTime now;
  ClockDifference difference;  // CLOCK_REALTIME less CLOCK_MONOTONIC
};

/// Of a few tries the one that took least time. Never fails.
[[nodiscard]] ClockReading read_clocks();

}  // namespace ntsbox::lab
