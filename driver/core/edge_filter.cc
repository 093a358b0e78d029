#include "driver/core/edge_filter.h"

#include <algorithm>
#include <chrono>

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// An oscillator is within 100 ppm, and changes by less as it warms up; 500 µs are for an interrupt
// that is served late.
constexpr nanoseconds jitter = 500us;
constexpr std::int64_t drift_ppm = 500;
// Once the oscillator's own rate is known: what the temperature does to it.
constexpr nanoseconds rate_change = 50us;  // in a second
constexpr int edges_for_rate = 16;
constexpr int longest_line = 32;  // edges: over more of them a warming oscillator is not followed
// After more missing edges than this the phase is taken from the next edge.
constexpr std::int64_t most_missing = 3;
constexpr int edges_after_gap = 4;  // how many edges the line then counts for
// The fastest slew that chronyd asks of Linux (chrony sys_linux.c, 100000 ppm less margin).
constexpr std::int64_t slew_ppm = 83'334;
// Beyond this the tolerance would reach half a pulse, and the phase proves nothing any more.
constexpr nanoseconds longest_silence = 490s;

nanoseconds tolerance(nanoseconds elapsed) {
  return jitter + elapsed / 1'000'000 * drift_ppm;
}

nanoseconds slew_tolerance(nanoseconds elapsed) {
  return tolerance(elapsed) + elapsed / 1'000'000 * slew_ppm;
}

std::int64_t whole_seconds(nanoseconds elapsed) {
  return nearest_second(elapsed).count();
}

bool within(nanoseconds elapsed, nanoseconds period) {
  const auto n = whole_seconds(elapsed);
  return n >= 1 && abs(elapsed - n * period) <= tolerance(elapsed);
}

}  // namespace

nanoseconds interval(const Edge& a, const Edge& b) {
  return a.raw && b.raw ? difference(*b.raw, *a.raw) : difference(b.monotonic, a.monotonic);
}

EdgeFilter::Classification EdgeFilter::classify(const Edge& edge) {
  const auto elapsed = last_ ? interval(*last_, edge) : nanoseconds::max();
  if (elapsed > longest_silence || elapsed < -longest_silence) {
    last_ = edge;
    consecutive_ = 1;
    candidate_.reset();
    phase_.reset();
    update_phase(edge, 0);
    return {Kind::first};
  }
  const auto n = seconds_to(edge, elapsed);
  if (!n) return consider_candidate(edge);
  if (*n == 1) {
    ++consecutive_;
  } else {
    note_irregularity(edge.monotonic);
    if (*n > most_missing) consecutive_ = 1;
  }
  last_ = edge;
  candidate_.reset();
  update_phase(edge, *n);
  return {Kind::on_time, *n};
}

/// How many seconds after the last accepted edge this edge is; empty when it is off time.
std::optional<std::int64_t> EdgeFilter::seconds_to(const Edge& edge, nanoseconds elapsed) {
  if (edge.raw && phase_) {
    period_ = 1s;
    const auto since = difference(*edge.raw, phase_->at);
    if (abs(since) > longest_silence + 1s) return std::nullopt;
    const auto n = whole_seconds(since);
    const auto residual = since - n * (1s + phase_->drift);
    const auto allowed = rate_ ? jitter + n * rate_change : tolerance(n * 1s);
    return n >= 1 && abs(residual) <= allowed ? std::optional{n} : std::nullopt;
  }
  const bool on_second = within(elapsed, 1s);
  if (!on_second && !within(elapsed, period_)) return std::nullopt;
  const auto n = whole_seconds(elapsed);
  // Else a slew near the tolerance would be within it and beyond it in turns.
  if (on_second) period_ = n != 1 ? nanoseconds{1s} : elapsed;
  return n;
}

/// The line of least squares through the accepted edges, updated edge by edge with a memory that
/// fades.
void EdgeFilter::update_phase(const Edge& edge, std::int64_t seconds) {
  if (!phase_) {
    if (edge.raw) phase_ = Phase{*edge.raw, rate_.value_or(0ns), 1};
    return;
  }
  const auto passed = seconds * (1s + phase_->drift);
  phase_->at = RawTime{minus(phase_->at.time_since_epoch(), -passed)};
  if (!edge.raw) return;
  auto residual = difference(*edge.raw, phase_->at);
  // An interrupt is served late and never early: what is later than a known oscillator explains
  // does not shift the line.
  if (rate_) residual = std::min(residual, seconds * rate_change);
  auto correction = rate_ ? 0ns : residual;
  if (seconds <= most_missing) {
    const auto k = phase_->edges = std::min(phase_->edges + 1, longest_line);
    phase_->at += residual * (4 * k - 2) / (k * (k + 1));
    // The oscillator is the same one, also where a new line begins.
    const auto of_rate = rate_ ? longest_line : k;
    correction = residual * 6 / (of_rate * (of_rate + 1));
  } else {  // the line ended: a new one begins here
    phase_->edges = std::min(phase_->edges, edges_after_gap);
    phase_->at = *edge.raw;
  }
  const auto most = drift_ppm * 1us;
  phase_->drift = std::clamp<nanoseconds>(phase_->drift + correction / seconds, -most, most);
  if (phase_->edges >= edges_for_rate) rate_ = phase_->drift;
}

EdgeFilter::Classification EdgeFilter::consider_candidate(const Edge& edge) {
  const bool on_raw = edge.raw && last_->raw;
  const auto elapsed = interval(*last_, edge);
  const auto step = candidate_ ? interval(*candidate_, edge) : 0ns;
  note_irregularity(edge.monotonic);
  if (candidate_ && abs(minus(step, 1s)) <= (on_raw ? tolerance(1s) : slew_tolerance(1s))) {
    ++candidate_edges_;
  } else {
    candidate_edges_ = 1;
    candidate_gap_ = elapsed;
  }
  candidate_ = edge;
  // The accepted edges must have stopped: an edge that comes between them is no candidate.
  if (candidate_edges_ < 3 || abs(elapsed) < 2500ms) return {Kind::off_time};

  const bool same_phase = !on_raw && is_change_of_slew(step);
  period_ = on_raw ? nanoseconds{1s} : step;
  if (phase_ && edge.raw)
    *phase_ = {*edge.raw, rate_.value_or(phase_->drift), static_cast<int>(candidate_edges_)};
  else
    phase_.reset();
  last_ = edge;
  consecutive_ = candidate_edges_;
  candidate_.reset();
  irregularities_ = {};
  return {Kind::phase_jump, whole_seconds(elapsed), same_phase};
}

/// Whether the first of the candidate's edges came when a clock that changed from the old period to
/// theirs would show it, one second or two after the last accepted edge.
bool EdgeFilter::is_change_of_slew(nanoseconds step) const {
  const auto [shorter, longer] = std::minmax(period_, step);
  for (const int n : {1, 2})
    if (candidate_gap_ >= n * shorter - tolerance(1s) &&
        candidate_gap_ <= n * longer + tolerance(1s))
      return true;
  return false;
}

void EdgeFilter::on_source_lost() {
  consecutive_ = 0;
  candidate_.reset();
}

bool EdgeFilter::irregular(MonotonicTime now) const {
  return std::all_of(irregularities_.begin(), irregularities_.end(),
                     [&](const auto& when) { return when && difference(now, *when) < 10s; });
}

void EdgeFilter::note_irregularity(MonotonicTime when) {
  std::rotate(irregularities_.begin(), irregularities_.begin() + 1, irregularities_.end());
  irregularities_.back() = when;
}

}  // namespace ntsbox::driver
