#include "driver/core/comb.h"

#include <algorithm>
#include <chrono>

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// A crystal is within 100 ppm and warms up by less; 500 µs are for a late interrupt.
constexpr nanoseconds jitter = 500us;
constexpr std::int64_t drift_ppm = 500;
// Once the crystal's own rate is known, what the temperature does to it.
constexpr nanoseconds wander = 50us;  // in a second
constexpr int rate_known = 16;        // beats
constexpr int longest_memory = 32;    // beats: over more of them a warming crystal would be lost
// Missing beats that are made up for; after more of them the phase is taken from the next edge.
constexpr std::int64_t longest_lapse = 3;
constexpr int after_a_gap = 4;  // what the line is worth then, in beats
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
  return nearest_second(elapsed).count();
}

bool within(nanoseconds elapsed, nanoseconds period) {
  const auto n = whole_seconds(elapsed);
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
    phase_.reset();
    keep_phase(edge, 0);
    return {Kind::first};
  }
  const auto n = beats_until(edge, elapsed);
  if (!n) return stray(edge);
  if (*n == 1) {
    ++run_;
  } else {
    note_irregularity(edge.monotonic);
    if (*n > longest_lapse) run_ = 1;
  }
  last_ = edge;
  rival_.reset();
  keep_phase(edge, *n);
  return {Kind::beat, *n};
}

/// How many beats after the last one this edge is; empty when it is none.
std::optional<std::int64_t> Comb::beats_until(const Edge& edge, nanoseconds elapsed) {
  if (edge.raw && phase_) {
    period_ = 1s;
    const auto since = difference(*edge.raw, phase_->at);
    if (abs(since) > longest_gap + 1s) return std::nullopt;
    const auto n = whole_seconds(since);
    const auto residual = since - n * (1s + phase_->drift);
    const auto allowed = rate_ ? jitter + n * wander : budget(n * 1s);
    return n >= 1 && abs(residual) <= allowed ? std::optional{n} : std::nullopt;
  }
  const bool on_second = within(elapsed, 1s);
  if (!on_second && !within(elapsed, period_)) return std::nullopt;
  const auto n = whole_seconds(elapsed);
  // A slew near the budget would be in it and out of it by turns.
  if (on_second) period_ = n != 1 ? nanoseconds{1s} : elapsed;
  return n;
}

/// The line of least squares through the beats, kept up beat by beat with a memory that fades.
void Comb::keep_phase(const Edge& edge, std::int64_t seconds) {
  if (!phase_) {
    if (edge.raw) phase_ = Phase{*edge.raw, rate_.value_or(0ns), 1};
    return;
  }
  const auto passed = seconds * (1s + phase_->drift);
  phase_->at = RawTime{minus(phase_->at.time_since_epoch(), -passed)};
  if (!edge.raw) return;
  auto residual = difference(*edge.raw, phase_->at);
  // Interrupts are late and never early: what is later than a known crystal explains does not move
  // the line.
  if (rate_) residual = std::min(residual, seconds * wander);
  auto correction = rate_ ? 0ns : residual;
  if (seconds <= longest_lapse) {
    const auto k = phase_->run = std::min(phase_->run + 1, longest_memory);
    phase_->at += residual * (4 * k - 2) / (k * (k + 1));
    // The crystal is the one that it was, also where a new line begins.
    const auto of_rate = rate_ ? longest_memory : k;
    correction = residual * 6 / (of_rate * (of_rate + 1));
  } else {  // the line ended: a new one begins here
    phase_->run = std::min(phase_->run, after_a_gap);
    phase_->at = *edge.raw;
  }
  const auto most = drift_ppm * 1us;
  phase_->drift = std::clamp<nanoseconds>(phase_->drift + correction / seconds, -most, most);
  if (phase_->run >= rate_known) rate_ = phase_->drift;
}

Comb::Judgement Comb::stray(const Edge& edge) {
  const bool on_raw = edge.raw && last_->raw;
  const auto elapsed = interval(*last_, edge);
  const auto step = rival_ ? interval(*rival_, edge) : 0ns;
  note_irregularity(edge.monotonic);
  if (rival_ && abs(minus(step, 1s)) <= (on_raw ? budget(1s) : slew_budget(1s))) {
    ++rival_run_;
  } else {
    rival_run_ = 1;
    rival_after_ = elapsed;
  }
  rival_ = edge;
  // The comb itself must have stopped: an edge that comes beside its beats is no candidate.
  if (rival_run_ < 3 || abs(elapsed) < 2500ms) return {Kind::stray};

  const bool same_phase = !on_raw && is_change_of_slew(step);
  period_ = on_raw ? nanoseconds{1s} : step;
  if (phase_ && edge.raw)
    *phase_ = {*edge.raw, rate_.value_or(phase_->drift), static_cast<int>(rival_run_)};
  else
    phase_.reset();
  last_ = edge;
  run_ = rival_run_;
  rival_.reset();
  irregularities_ = {};
  return {Kind::moved, whole_seconds(elapsed), same_phase};
}

/// Whether the first of the rivals came when a clock that went from the period of the comb to
/// theirs would have shown it, one beat or two after the last.
bool Comb::is_change_of_slew(nanoseconds step) const {
  const auto [shorter, longer] = std::minmax(period_, step);
  for (const int n : {1, 2})
    if (rival_after_ >= n * shorter - budget(1s) && rival_after_ <= n * longer + budget(1s))
      return true;
  return false;
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
