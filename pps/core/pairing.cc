#include "pps/core/pairing.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace ntsbox::pps {
namespace {

constexpr nanoseconds reach = 500ms;

/// One source, and for each of its pulses the partner.
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

/// The pulse nearest to `stamp`, if it is near; of two as near the earlier one.
std::optional<std::size_t> nearest(SystemTime stamp, const std::vector<SystemTime>& others) {
  const auto after = std::lower_bound(others.begin(), others.end(), stamp);
  auto best = after;
  if (after != others.begin() &&
      (after == others.end() || difference(stamp, *(after - 1)) <= difference(*after, stamp)))
    best = after - 1;
  if (best == others.end() || abs(difference(*best, stamp)) >= reach) return std::nullopt;
  return static_cast<std::size_t>(best - others.begin());
}

void look_for_partners(Side& side, const Side& other) {
  side.partners.reserve(side.stamps.size());
  for (const auto stamp : side.stamps) side.partners.push_back(nearest(stamp, other.stamps));
}

/// Whether the nearest of the other side is nearest to it in turn.
bool is_paired(const Side& side, std::size_t i, const Side& other) {
  return side.partners[i] && other.partners[*side.partners[i]] == i;
}

/// Adds when each second was marked, by whichever source.
void judge_lone_ones(Side& side, Side& other, const Watch& watch, std::vector<SystemTime>& marks) {
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

/// The seconds that nothing marked.
std::int64_t silence_between(std::vector<SystemTime> marks) {
  std::sort(marks.begin(), marks.end());
  std::int64_t silent = 0;
  for (std::size_t i = 1; i < marks.size(); ++i)
    silent +=
        std::max<std::int64_t>(0, nearest_second(difference(marks[i], marks[i - 1])).count() - 1);
  return silent;
}

}  // namespace

Comparison compare(std::span<const SystemTime> a, std::span<const SystemTime> b,
                   const Watch& watch) {
  auto first = side_of(a);
  auto second = side_of(b);
  look_for_partners(first, second);
  look_for_partners(second, first);

  Comparison found;
  std::vector<SystemTime> marks;
  for (std::size_t i = 0; i < first.stamps.size(); ++i) {
    if (!is_paired(first, i, second)) continue;
    const auto stamp = first.stamps[i];
    // Step by step, so that a source which runs fast or slow keeps count.
    const auto number = found.phases.empty()
                            ? 0
                            : found.phases.back().second +
                                  std::max<std::int64_t>(
                                      1, nearest_second(difference(stamp, marks.back())).count());
    marks.push_back(stamp);
    found.phases.push_back({number, difference(second.stamps[*first.partners[i]], stamp)});
  }
  judge_lone_ones(first, second, watch, marks);
  judge_lone_ones(second, first, watch, marks);
  found.silent = silence_between(std::move(marks));
  found.a = first.tally;
  found.b = second.tally;
  return found;
}

}  // namespace ntsbox::pps
