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
constexpr nanoseconds rate_change_in_gap = 10us;
constexpr int edges_for_rate = 16;
constexpr int longest_line = 32;  // edges: over more of them a warming oscillator is not followed
// After more missing edges than this the phase is taken from the next edge.
constexpr std::int64_t most_missing = 3;
constexpr int edges_after_gap = 4;  // how many edges the line then counts for
// The fastest slew that chronyd asks of Linux (chrony sys_linux.c, 100000 ppm less margin).
constexpr std::int64_t slew_ppm = 83'334;
// Beyond this the tolerance would reach half a pulse, and the phase proves nothing any more.
constexpr nanoseconds longest_silence = 490s;

// How far the pulse may leave the course that the oscillator's remembered rate gives; it is back at
// half of that. A Raspberry Pi's clock changed by 0.6 ppm in 96 s.
constexpr nanoseconds run_off = 1ms;
constexpr std::int64_t course_memory = 600;  // seconds
// What is further from its course, or comes after a longer gap, is another phase: the second label
// compares that.
constexpr nanoseconds same_course = 5ms;
constexpr seconds longest_compared{100};
constexpr std::int64_t fast_memory = 32;       // edges
constexpr std::int64_t edges_for_memory = 32;  // until then any rate is the oscillator's
constexpr std::int64_t edges_for_trust = 100;  // until then it is measured roughly
// How fast the oscillator may change: 1.8 ppm in ten minutes, and 12 ppm in the first quarter of an
// hour of the machine, while it warms up. The raw clock begins with the machine.
constexpr nanoseconds change_per_second = 3ns;
constexpr nanoseconds warming_per_second = 20ns;
constexpr nanoseconds rough_per_second = 50ns;
constexpr nanoseconds warm_after = 15min;
// How long another rate must last before it is taken for the oscillator's.
constexpr nanoseconds new_rate_after = 10min;

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

void RateWatch::add(RawTime line, nanoseconds rate, std::int64_t seconds) {
  if (++edges_ <= edges_for_memory) {
    fast_ = rate;
    return accept(line);
  }
  fast_ += (rate - fast_) / fast_memory;
  expected_ = RawTime{minus(expected_.time_since_epoch(), -seconds * (1s + slow_))};
  departure_ = difference(line, expected_);
  if (runs_off()) return;
  expected_ += departure_ * seconds / course_memory;
  const auto most = edges_ <= edges_for_trust              ? rough_per_second
                    : line.time_since_epoch() < warm_after ? warming_per_second
                                                           : change_per_second;
  slow_ += std::clamp(fast_ - slow_, -most * seconds, most * seconds);
}

bool RateWatch::restart(RawTime line) {
  const auto passed = nearest_second(difference(line, expected_));
  if (edges_ > edges_for_memory && passed >= 0s && passed <= longest_compared) {
    expected_ += passed.count() * (1s + slow_);
    departure_ = difference(line, expected_);
    if (abs(departure_) <= same_course) return true;
  }
  expected_ = line;
  departure_ = 0ns;
  return false;
}

bool RateWatch::runs_off() const {
  return abs(departure_) > run_off;
}

bool RateWatch::is_back() const {
  return abs(departure_) <= run_off / 2;
}

std::optional<nanoseconds> RateWatch::known() const {
  return edges_ > edges_for_memory ? std::optional{slow_} : std::nullopt;
}

void RateWatch::accept(RawTime line) {
  slow_ = fast_;
  expected_ = line;
  departure_ = 0ns;
}

EdgeFilter::Classification EdgeFilter::classify(const Edge& edge) {
  const auto elapsed = last_ ? interval(*last_, edge) : nanoseconds::max();
  const auto silence = runs_off_since_ ? difference(edge.monotonic, seen_) : elapsed;
  if (abs(silence) > longest_silence) {
    last_ = edge;
    consecutive_ = 1;
    candidate_.reset();
    phase_.reset();
    const auto course = runs_off_since_ ? Course::left : Course::kept;
    runs_off_since_.reset();
    update_phase(edge, 0);
    return {Kind::first, 0, false, course};
  }
  const auto n = seconds_to(edge, elapsed);
  if (!n) return consider_candidate(edge);
  seen_ = edge.monotonic;
  const bool compared = update_phase(edge, *n);
  if (phase_ && *n <= most_missing) rates_.add(phase_->at, phase_->drift, *n);
  if (phase_ && (runs_off_since_ || rates_.runs_off())) return follow_rate(edge, compared);
  if (*n == 1) {
    ++consecutive_;
  } else {
    note_irregularity(edge.monotonic);
    if (*n > most_missing) consecutive_ = 1;
  }
  last_ = edge;
  candidate_.reset();
  return {Kind::on_time, *n};
}

/// The pulse runs off: its edges are off time until the rate is back, or has lasted.
EdgeFilter::Classification EdgeFilter::follow_rate(const Edge& edge, bool compared) {
  if (!runs_off_since_) runs_off_since_ = edge.monotonic;
  consecutive_ = 0;
  const bool lasted = difference(edge.monotonic, *runs_off_since_) >= new_rate_after;
  const bool back = rates_.is_back();
  if (!back && !lasted) return {Kind::off_time};
  if (!back) rates_.accept(phase_->at);
  const auto elapsed = interval(*last_, edge);
  runs_off_since_.reset();
  last_ = edge;
  candidate_.reset();
  consecutive_ = 1;
  return {Kind::phase_jump, whole_seconds(elapsed), false,
          !back      ? Course::renewed
          : compared ? Course::kept
                     : Course::left};
}

/// How many seconds after the last accepted edge this edge is; empty when it is off time.
std::optional<std::int64_t> EdgeFilter::seconds_to(const Edge& edge, nanoseconds elapsed) {
  if (edge.raw && phase_) {
    period_ = 1s;
    const auto since = difference(*edge.raw, phase_->at);
    if (abs(since) > longest_silence + 1s) return std::nullopt;
    const auto n = whole_seconds(since);
    const auto residual = since - n * (1s + phase_->drift);
    const auto per_second = rate_ && n > most_missing ? rate_change_in_gap : rate_change;
    const auto allowed = rate_ ? jitter + n * per_second : tolerance(n * 1s);
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
bool EdgeFilter::update_phase(const Edge& edge, std::int64_t seconds) {
  if (!phase_) {
    if (!edge.raw) return true;
    phase_ = Phase{*edge.raw, rate_.value_or(0ns), 1};
    rates_.restart(*edge.raw);
    return true;
  }
  const auto passed = seconds * (1s + phase_->drift);
  phase_->at = RawTime{minus(phase_->at.time_since_epoch(), -passed)};
  if (!edge.raw) return true;
  auto residual = difference(*edge.raw, phase_->at);
  // An interrupt is served late and never early: what is later than a known oscillator explains
  // does not shift the line.
  if (rate_) residual = std::min(residual, seconds * rate_change);
  bool compared = true;
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
    compared = rates_.restart(phase_->at);
  }
  const auto most = drift_ppm * 1us;
  phase_->drift = std::clamp<nanoseconds>(phase_->drift + correction / seconds, -most, most);
  if (phase_->edges >= edges_for_rate) rate_ = phase_->drift;
  return compared;
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
  const bool compared = edge.raw && rates_.restart(*edge.raw);
  if (on_raw && rates_.runs_off()) {
    candidate_.reset();
    irregularities_ = {};
    seen_ = edge.monotonic;
    if (!runs_off_since_) runs_off_since_ = edge.monotonic;
    return {Kind::off_time};
  }
  const auto course = runs_off_since_ && !compared ? Course::left : Course::kept;
  last_ = edge;
  runs_off_since_.reset();
  consecutive_ = candidate_edges_;
  candidate_.reset();
  irregularities_ = {};
  return {Kind::phase_jump, whole_seconds(elapsed), same_phase, course};
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
