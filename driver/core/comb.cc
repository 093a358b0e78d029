#include "driver/core/comb.h"

#include <algorithm>
#include <chrono>

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// A crystal is within 100 ppm and warms up by less; 500 µs are for a late interrupt.
constexpr nanoseconds jitter = 500us;
constexpr std::int64_t drift_ppm = 500;
// The fastest slew that chronyd asks of Linux (chrony sys_linux.c, 100000 ppm less margin).
constexpr std::int64_t slew_ppm = 83'334;
// Beyond this the drift budget would leave room for half a pulse: the phase says nothing any more.
constexpr nanoseconds longest_gap = 490s;

nanoseconds budget(nanoseconds elapsed) {
  return jitter + elapsed / 1'000'000 * drift_ppm;
}

nanoseconds slew_budget(nanoseconds elapsed) {
  return budget(elapsed) + elapsed / 1'000'000 * slew_ppm;
}

std::int64_t whole_seconds(nanoseconds elapsed) {
  return std::chrono::round<seconds>(elapsed).count();
}

bool within(nanoseconds elapsed, nanoseconds period) {
  const auto n = std::chrono::round<seconds>(elapsed).count();
  return n >= 1 && abs(elapsed - n * period) <= budget(elapsed);
}

}  // namespace

nanoseconds interval(const Edge& a, const Edge& b) {
  return a.raw && b.raw ? difference(*b.raw, *a.raw) : difference(b.monotonic, a.monotonic);
}

Comb::Judgement Comb::judge(const Edge& edge) {
  const auto elapsed = last_ ? interval(*last_, edge) : nanoseconds::max();
  if (elapsed > longest_gap || elapsed < -longest_gap) {
    last_ = edge;
    run_ = 1;
    rival_.reset();
    return {Kind::first};
  }
  const bool on_second = within(elapsed, 1s);
  if (!on_second && !within(elapsed, period_)) return stray(edge);

  const auto n = whole_seconds(elapsed);
  // Without the raw clock a slew near the budget would be in it and out of it by turns.
  const bool on_raw = edge.raw && last_->raw;
  if (on_second) period_ = on_raw || n != 1 ? nanoseconds{1s} : elapsed;
  if (n == 1) {
    ++run_;
  } else {
    note_irregularity(edge.monotonic);
    if (n > 3) run_ = 1;
  }
  last_ = edge;
  rival_.reset();
  return {Kind::beat, n};
}

Comb::Judgement Comb::stray(const Edge& edge) {
  const bool on_raw = edge.raw && last_->raw;
  const auto elapsed = interval(*last_, edge);
  const auto n = whole_seconds(elapsed);
  const auto step = rival_ ? interval(*rival_, edge) : 0ns;
  note_irregularity(edge.monotonic);
  if (rival_ && abs(step - 1s) <= (on_raw ? budget(1s) : slew_budget(1s))) {
    ++rival_run_;
  } else {
    rival_run_ = 1;
    rival_by_slew_ = !on_raw && n >= 1 && n <= 2 && abs(elapsed - n * 1s) <= slew_budget(n * 1s);
  }
  rival_ = edge;
  // The comb itself must have stopped: an edge that comes beside its beats is no candidate.
  if (rival_run_ < 3 || abs(elapsed) < 2500ms) return {Kind::stray};

  period_ = on_raw ? nanoseconds{1s} : step;
  last_ = edge;
  run_ = rival_run_;
  rival_.reset();
  irregularities_ = {};
  return {Kind::moved, n, rival_by_slew_ && elapsed < 5s};
}

bool Comb::fits(MonotonicTime edge) const {
  return last_ && within(difference(edge, last_->monotonic), 1s);
}

void Comb::lost() {
  run_ = 0;
  rival_.reset();
}

bool Comb::irregular(MonotonicTime now) const {
  return std::all_of(irregularities_.begin(), irregularities_.end(),
                     [&](const auto& when) { return when && difference(now, *when) < 10s; });
}

void Comb::note_irregularity(MonotonicTime when) {
  std::rotate(irregularities_.begin(), irregularities_.begin() + 1, irregularities_.end());
  irregularities_.back() = when;
}

}  // namespace ntsbox::driver
