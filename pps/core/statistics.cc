#include "pps/core/statistics.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::pps {
namespace {

constexpr nanoseconds reach = 500ms;

/// One source, and the partner of each of its pulses.
struct Side {
  Tally tally;
  std::vector<SystemTime> stamps;
  std::vector<std::optional<std::size_t>> partners;
};

Side side_of(std::span<const SystemTime> stamps) {
  Side side;
  for (const auto stamp : stamps) {
    if (side.stamps.empty() || stamp > side.stamps.back())
      side.stamps.push_back(stamp);
    else
      ++side.tally.extra;
  }
  side.tally.pulses = static_cast<std::int64_t>(stamps.size());
  return side;
}

/// The pulse nearest to `stamp` and within reach; of two at the same distance the earlier one.
std::optional<std::size_t> nearest(SystemTime stamp, const std::vector<SystemTime>& others) {
  const auto after = std::lower_bound(others.begin(), others.end(), stamp);
  auto best = after;
  if (after != others.begin() &&
      (after == others.end() || difference(stamp, *(after - 1)) <= difference(*after, stamp)))
    best = after - 1;
  if (best == others.end() || abs(difference(*best, stamp)) >= reach) return std::nullopt;
  return static_cast<std::size_t>(best - others.begin());
}

void find_partners(Side& side, const Side& other) {
  side.partners.reserve(side.stamps.size());
  for (const auto stamp : side.stamps) side.partners.push_back(nearest(stamp, other.stamps));
}

/// Whether the nearest pulse of the other side is nearest to it in turn.
bool is_paired(const Side& side, std::size_t i, const Side& other) {
  return side.partners[i] && other.partners[*side.partners[i]] == i;
}

/// Counts the pulses without a partner, and adds their stamps to `marks`.
void count_unpaired(Side& side, Side& other, const Watch& watch, std::vector<SystemTime>& marks) {
  for (std::size_t i = 0; i < side.stamps.size(); ++i) {
    if (is_paired(side, i, other)) continue;
    const auto stamp = side.stamps[i];
    if (side.partners[i]) {
      ++side.tally.extra;
    } else if (difference(stamp, watch.from) >= reach && difference(watch.until, stamp) >= reach) {
      ++other.tally.missing;
      marks.push_back(stamp);
    }
  }
}

/// The number of seconds without a pulse of either source.
std::int64_t silence_between(std::vector<SystemTime> marks) {
  std::sort(marks.begin(), marks.end());
  std::int64_t silent = 0;
  for (std::size_t i = 1; i < marks.size(); ++i)
    silent +=
        std::max<std::int64_t>(0, nearest_second(difference(marks[i], marks[i - 1])).count() - 1);
  return silent;
}

constexpr std::size_t least_terms = 4;

std::optional<Instability> allan_deviation(std::span<const Phase> phases, std::int64_t tau) {
  double sum = 0;
  std::size_t terms = 0;
  auto middle = phases.begin();
  auto last = phases.begin();
  for (const auto& first : phases) {
    const auto advance_to = [&](auto& phase, std::int64_t second) {
      while (phase != phases.end() && phase->second < second) ++phase;
      return phase != phases.end() && phase->second == second;
    };
    // Advance both, whichever is missing.
    const bool has_middle = advance_to(middle, first.second + tau);
    const bool has_last = advance_to(last, first.second + 2 * tau);
    if (!has_middle || !has_last) continue;
    const auto bend = last->value - 2 * middle->value + first.value;
    const double change = static_cast<double>(bend.count()) * 1e-9 / static_cast<double>(tau);
    sum += change * change;
    ++terms;
  }
  if (terms < least_terms) return std::nullopt;
  return Instability{tau, std::sqrt(sum / (2 * static_cast<double>(terms))), terms};
}

/// The standard error of a median: 1.25 standard deviations over the root of the count. Half of the
/// range of the middle two thirds estimates the standard deviation, so that outliers do not count.
nanoseconds scatter_of_median(std::span<const nanoseconds> sorted) {
  const double spread =
      static_cast<double>((at_share(sorted, 0.84) - at_share(sorted, 0.16)).count()) / 2;
  return nanoseconds{
      std::llround(std::ceil(1.25 * spread / std::sqrt(static_cast<double>(sorted.size()))))};
}

}  // namespace

Comparison compare(std::span<const SystemTime> a, std::span<const SystemTime> b,
                   const Watch& watch) {
  auto first = side_of(a);
  auto second = side_of(b);
  find_partners(first, second);
  find_partners(second, first);

  Comparison found;
  std::vector<SystemTime> marks;
  for (std::size_t i = 0; i < first.stamps.size(); ++i) {
    if (!is_paired(first, i, second)) continue;
    const auto stamp = first.stamps[i];
    // Counted from pulse to pulse, so that a source that runs fast or slow keeps its count.
    const auto number = found.phases.empty()
                            ? 0
                            : found.phases.back().second +
                                  std::max<std::int64_t>(
                                      1, nearest_second(difference(stamp, marks.back())).count());
    marks.push_back(stamp);
    found.phases.push_back({number, difference(second.stamps[*first.partners[i]], stamp)});
  }
  count_unpaired(first, second, watch, marks);
  count_unpaired(second, first, watch, marks);
  found.silent = silence_between(std::move(marks));
  found.a = first.tally;
  found.b = second.tally;
  return found;
}

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
  // Relative to the median, so that squares of small differences of large values stay exact.
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

std::optional<LoopbackLatency> latency_of(std::span<const Edge> edges,
                                          std::span<const SystemTime> stamps) {
  std::vector<SystemTime> middles;
  std::vector<nanoseconds> halves;
  for (const auto& edge : edges) {
    const auto half = difference(edge.after, edge.before) / 2;
    halves.push_back(half);
    middles.push_back(edge.before + half);
  }
  auto late = values_of(compare(middles, stamps, {}).phases);
  if (late.size() < least_returned) return std::nullopt;
  std::sort(late.begin(), late.end());
  std::sort(halves.begin(), halves.end());
  return LoopbackLatency{late.size(), at_share(late, 0.5), at_share(late, 0.05),
                         at_share(late, 0.99), at_share(halves, 0.5) + scatter_of_median(late)};
}

bool is_plausible(const LoopbackLatency& latency) {
  return abs(latency.usual) <= 1ms;  // the largest value of the setting
}

double chrony_delay(const LoopbackLatency& latency, bool corrected) {
  const auto wrong = latency.uncertainty + (corrected ? 0ns : abs(latency.usual));
  // chrony's default is the least: a delay of 0 would mean that a pulse has no error.
  return std::max(1e-9, 2e-9 * static_cast<double>(wrong.count()));
}

}  // namespace ntsbox::pps
