#pragma once
// How far off the clock may be while nothing steers it. docs/monitoring/README.md says where the
// figures come from.

#include <cstdint>

#include "base/chronyc.h"
#include "base/time.h"

namespace ntsbox::diagnose {

/// chronyd's own bound on its error, with what it has yet to correct. It holds while a source is
/// followed: chronyd lets it grow by a constant, and knows of no temperature.
[[nodiscard]] nanoseconds followed_bound(const chronyc::Tracking& tracking);

/// What an oscillator without compensation may gain in a room or lose within `elapsed` after its
/// frequency was known to `skew` (ppb, as chronyd reports it). Never less than 0, and never
/// falling.
[[nodiscard]] nanoseconds oscillator_bound(std::int64_t skew, nanoseconds elapsed);

/// The bound on the error of a clock that was last steered `elapsed` ago.
[[nodiscard]] nanoseconds holdover_bound(const chronyc::Tracking& tracking, nanoseconds elapsed);

}  // namespace ntsbox::diagnose
