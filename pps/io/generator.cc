#include "pps/io/generator.h"

#include <algorithm>
#include <utility>

namespace ntsbox::pps {
namespace {

// A day of them.
constexpr std::size_t most_kept = 86'400;

template <class T>
void keep_last(std::vector<T>& values, const T& value) {
  if (values.size() == most_kept) values.erase(values.begin());
  values.push_back(value);
}

}  // namespace

Result<void> Generator::run() {
  for (std::int64_t done = 0; !options_.count || done < *options_.count; ++done) {
    const auto second = options_.schedule.next(clock_.now());
    if (!wait_until(second - options_.schedule.spin - ready_before)) break;
    if (auto marked = mark(second); !marked) return marked;
    // Past it, whatever was done: a second is not looked at twice.
    if (!wait_until(second + options_.schedule.latest)) break;
  }
  return {};
}

/// False when it is to stop.
bool Generator::wait_until(SystemTime time) {
  for (;;) {
    const auto rest = difference(time, clock_.now());
    // A clock that was set back is not waited for; it is asked anew which second comes.
    if (rest > 2s) return idle_(0ns);
    if (!idle_(std::max(rest, nanoseconds{0}))) return false;
    if (clock_.now() >= time) return true;
  }
}

bool Generator::may_pulse() {
  if (options_.unsynchronised || clock_.synchronised()) {
    if (std::exchange(silent_, false)) say_("the clock is synchronised again: pulses go on");
    return true;
  }
  if (!std::exchange(silent_, true))
    say_("the clock is not synchronised any more: no pulses until it is");
  return false;
}

/// False when the second is not to be marked: it is past, or the clock went elsewhere meanwhile.
bool Generator::spin_until(SystemTime second) {
  const auto& [spin, latest, width] = options_.schedule;
  clock_.sleep_until(second - spin);
  const auto began = clock_.monotonic();
  auto now = clock_.now();
  while (now < second) {
    if (difference(clock_.monotonic(), began) > 2 * spin) return false;
    now = clock_.now();
  }
  return difference(now, second) <= latest;
}

Result<void> Generator::mark(SystemTime second) {
  if (!may_pulse()) {
    ++report_.withheld;
    return {};
  }
  if (!spin_until(second)) {
    ++report_.left_out;
    return {};
  }
  const auto edge = line_.raise(clock_);
  if (!edge) return tl::unexpected(edge.error());
  keep(second, *edge);
  (void)idle_(options_.schedule.width);  // whoever is to stop finds the line down
  return line_.lower();
}

void Generator::keep(SystemTime second, const Edge& edge) {
  ++report_.pulses;
  keep_last(report_.late, difference(edge.after, second));
  keep_last(report_.took, difference(edge.after, edge.before));
  keep_last(edges_, edge);
}

}  // namespace ntsbox::pps
