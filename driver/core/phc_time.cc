#include "driver/core/phc_time.h"

#include <algorithm>
#include <utility>

namespace ntsbox::driver {

std::optional<SystemTime> system_time_at(nanoseconds stamp, std::span<const PhcReading> readings) {
  const auto took = [](const PhcReading& reading) { return reading.after - reading.before; };
  const auto best = std::ranges::min_element(readings, {}, took);
  if (best == readings.end() || took(*best) < 0ns) return std::nullopt;
  const auto waited = best->phc - stamp;
  if (waited < 0ns || waited > longest_phc_wait) return std::nullopt;
  return best->before + took(*best) / 2 - waited;
}

bool LeadingEdge::begins_pulse(nanoseconds stamp) {
  const auto last = std::exchange(last_, stamp);
  const auto before = std::exchange(before_, last);
  if (!last || !before) return false;
  const auto period = stamp - *before;
  return stamp - *last > 600ms && period >= 999ms && period <= 1001ms;
}

}  // namespace ntsbox::driver
