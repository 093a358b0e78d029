#include "pps/core/statistics.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::pps {
namespace {

constexpr std::size_t least_terms = 4;

std::optional<Instability> allan_deviation(std::span<const Phase> phases, std::int64_t tau) {
  double sum = 0;
  std::size_t terms = 0;
  auto middle = phases.begin();
  auto last = phases.begin();
  for (const auto& first : phases) {
    const auto reach = [&](auto& phase, std::int64_t second) {
      while (phase != phases.end() && phase->second < second) ++phase;
      return phase != phases.end() && phase->second == second;
    };
    // Both move on, so that neither is left behind.
    const bool has_middle = reach(middle, first.second + tau);
    const bool has_last = reach(last, first.second + 2 * tau);
    if (!has_middle || !has_last) continue;
    const auto bend = last->value - 2 * middle->value + first.value;
    const double change = static_cast<double>(bend.count()) * 1e-9 / static_cast<double>(tau);
    sum += change * change;
    ++terms;
  }
  if (terms < least_terms) return std::nullopt;
  return Instability{tau, std::sqrt(sum / (2 * static_cast<double>(terms))), terms};
}

}  // namespace

nanoseconds at_share(std::span<const nanoseconds> sorted, double share) {
  const auto rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[std::min(sorted.size(), static_cast<std::size_t>(std::max(1.0, rank))) - 1];
}

std::optional<Summary> summary_of(std::vector<nanoseconds> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  Summary summary{values.size(),         values.front(),         at_share(values, 0.01),
                  at_share(values, 0.5), at_share(values, 0.99), values.back()};
  const auto count = static_cast<double>(values.size());
  // About the median, so that squares of small differences of large values stay exact.
  const auto off = [&](nanoseconds value) {
    return static_cast<double>((value - summary.median).count());
  };
  double sum = 0;
  double squares = 0;
  for (const auto value : values) {
    sum += off(value);
    squares += off(value) * off(value);
  }
  summary.mean = static_cast<double>(summary.median.count()) + sum / count;
  if (count > 1)
    summary.deviation = std::sqrt(std::max(0.0, squares - sum * sum / count) / (count - 1));
  return summary;
}

std::vector<Instability> allan_deviations(std::span<const Phase> phases) {
  std::vector<Instability> all;
  for (std::int64_t tau = 1;; tau *= 2) {
    const auto found = allan_deviation(phases, tau);
    if (found) all.push_back(*found);
    if (phases.empty() || 2 * tau > phases.back().second - phases.front().second) return all;
  }
}

std::vector<Bin> histogram(std::span<const nanoseconds> values, std::size_t bins) {
  if (values.empty()) return {};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const auto range = (*most - *least).count();
  const auto width = range / static_cast<std::int64_t>(bins) + 1;
  std::vector<Bin> all;
  for (auto from = least->count(); from <= most->count(); from += width)
    all.push_back({nanoseconds{from}, nanoseconds{from + width}});
  for (const auto value : values)
    ++all[static_cast<std::size_t>((value - *least).count() / width)].count;
  return all;
}

std::vector<nanoseconds> values_of(std::span<const Phase> phases) {
  std::vector<nanoseconds> values;
  values.reserve(phases.size());
  for (const auto& phase : phases) values.push_back(phase.value);
  return values;
}

}  // namespace ntsbox::pps
