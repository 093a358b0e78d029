#include "driver/core/phc_time.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ntsbox::driver {

std::optional<SystemTime> PhcTime::at(nanoseconds stamp, std::span<const PhcReading> readings) {
  const auto took = [](const PhcReading& reading) { return reading.after - reading.before; };
  const auto best = std::ranges::min_element(readings, {}, took);
  if (best == readings.end() || took(*best) < 0ns || took(*best) > longest_reading)
    return std::nullopt;
  const Pair now{best->before + took(*best) / 2, best->phc};
  const auto last = std::exchange(last_, now);
  const auto waited = now.phc - stamp;
  if (!last || waited < 0ns || waited > longest_wait || now.phc <= last->phc) return std::nullopt;
  const auto phc_ran = now.phc - last->phc;
  const auto gained = static_cast<double>((now.system - last->system - phc_ran).count()) /
                      static_cast<double>(phc_ran.count());
  if (std::abs(gained) > most_ppm * 1e-6) return std::nullopt;
  const nanoseconds more{std::llround(static_cast<double>(waited.count()) * gained)};
  return now.system - waited - more;
}

bool PhcEdges::counts(nanoseconds stamp) {
  constexpr int enough = 3;
  const auto last = std::exchange(last_, stamp);
  const auto before = std::exchange(before_, last);
  if (!last || !before) return !both_;
  const auto gap = stamp - *last;
  const auto width = *last - *before;
  const bool begins = gap > 600ms && width > 2ms && gap + width >= 999ms && gap + width <= 1001ms;
  if (!both_ && gap > 600ms) seen_ = begins ? seen_ + 1 : 0;
  both_ = both_ || seen_ == enough;
  return begins || !both_;
}

}  // namespace ntsbox::driver
