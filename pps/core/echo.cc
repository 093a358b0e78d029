#include "pps/core/echo.h"

#include <algorithm>
#include <cmath>

#include "pps/core/statistics.h"

namespace ntsbox::pps {
namespace {

/// How far a median of `count` values is off by chance: 1.25 standard deviations of one, over the
/// root; of the deviation, half of what lies in the middle two thirds is as good as the real one
/// where some values are far off.
nanoseconds scatter_of_median(std::span<const nanoseconds> sorted) {
  const double spread =
      static_cast<double>((at_share(sorted, 0.84) - at_share(sorted, 0.16)).count()) / 2;
  return nanoseconds{
      std::llround(std::ceil(1.25 * spread / std::sqrt(static_cast<double>(sorted.size()))))};
}

}  // namespace

std::optional<EchoLatency> latency_of(std::span<const Edge> edges,
                                      std::span<const SystemTime> stamps) {
  std::vector<SystemTime> middles;
  std::vector<nanoseconds> halves;
  for (const auto& edge : edges) {
    const auto half = difference(edge.after, edge.before) / 2;
    halves.push_back(half);
    middles.push_back(edge.before + half);
  }
  auto late = values_of(compare(middles, stamps, {}).phases);
  if (late.size() < least_echoes) return std::nullopt;
  std::sort(late.begin(), late.end());
  std::sort(halves.begin(), halves.end());
  return EchoLatency{late.size(), at_share(late, 0.5), at_share(late, 0.05), at_share(late, 0.99),
                     at_share(halves, 0.5) + scatter_of_median(late)};
}

bool is_plausible(const EchoLatency& latency) {
  return abs(latency.usual) <= 1ms;  // as much as the setting takes
}

double chrony_delay(const EchoLatency& latency, bool corrected) {
  const auto wrong = latency.uncertainty + (corrected ? 0ns : abs(latency.usual));
  // Its least and its default: a delay of nothing would say that a pulse is never wrong.
  return std::max(1e-9, 2e-9 * static_cast<double>(wrong.count()));
}

}  // namespace ntsbox::pps
