#include "diagnose/error_bound.h"

#include <algorithm>

namespace ntsbox::diagnose {
namespace {

// Frequencies in ppb: 1 ppb of 1 s is 1 ns.
constexpr std::int64_t unseen = 500;  // a change of temperature that the last estimate has missed
constexpr std::int64_t slope = 5;     // per second: what a heater, a fan or the CPU's load can do
constexpr std::int64_t range = 5000;  // all that the temperature of a room can do
constexpr std::int64_t until_range = range / slope;  // s
// Past this nobody asks for nanoseconds, and no product below overflows.
constexpr std::int64_t longest = 366LL * 86'400;
constexpr std::int64_t worst_skew = 1'000'000;
// What the last measurements may have been off by, in their root mean squares.
constexpr int noise = 4;

}  // namespace

nanoseconds followed_bound(const chronyc::Tracking& tracking) {
  return abs(tracking.root_delay) / 2 + abs(tracking.root_dispersion) + abs(tracking.correction);
}

nanoseconds oscillator_bound(std::int64_t skew, nanoseconds elapsed) {
  const auto whole = std::chrono::ceil<seconds>(std::max(elapsed, 0ns)).count();
  const auto t = std::min(whole, longest);
  const auto ramp = std::min(t, until_range);
  const auto steady = 2 * std::clamp<std::int64_t>(skew, 0, worst_skew) + unseen;
  return nanoseconds{steady * t + slope * ramp * ramp / 2 + range * (t - ramp)};
}

nanoseconds holdover_bound(const chronyc::Tracking& tracking, nanoseconds elapsed) {
  return followed_bound(tracking) + noise * abs(tracking.rms_offset) +
         oscillator_bound(tracking.skew, elapsed);
}

}  // namespace ntsbox::diagnose
