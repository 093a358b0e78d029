#include "driver/core/numbering.h"

#include <algorithm>
#include <chrono>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// A sentence names the beat before it when it begins this long after it. Never the nearest one:
// receivers send from some ms to most of a second after the pulse that they describe.
constexpr nanoseconds soonest = 20ms;
constexpr nanoseconds latest = 950ms;
// Outside of the band, but a stall or a receiver that speaks just before its pulse explains it.
constexpr nanoseconds just_early = -50ms;
constexpr seconds stalled = 15s;
constexpr int misses_allowed = 2;
// Sentences that are spread over the second may be late ones, some by more than all of it.
constexpr nanoseconds steady_latency = 150ms;
// Carrying on without a sentence is bounded, though beats go on.
constexpr nanoseconds longest_carry = 1h;
// From the last sentence before a leap second to enough of them after it.
constexpr nanoseconds leap_is_seen_within = 1min;
// A crystal is within 100 ppm; a pulse that ran free meanwhile is better than that.
constexpr nanoseconds phase_tolerance = 1ms;
constexpr std::int64_t drift_ppm = 100;
// With the crystal's own rate known.
constexpr nanoseconds rate_tolerance = 1ms;
constexpr std::int64_t wander_ppm = 10;
// The other edge is 100 ms away, on most receivers: a phase that is known no better tells nothing.
constexpr nanoseconds phase_told_to = 50ms;
constexpr int weight_of_history = 16;
constexpr int longest_history = 64;

/// How long after the instant that it tells the sentence began, if the last beat marked `second`.
/// Held within a year: dates may lie millennia apart.
nanoseconds latency(UtcSecond second, const UtcInstant& time, nanoseconds after_beat) {
  const auto limit = seconds{std::chrono::years{1}};
  const auto apart = std::clamp(second - time.second, -limit, limit);
  return apart + after_beat - time.fraction;
}

bool in_band(nanoseconds latency) {
  return latency > soonest && latency < latest;
}

/// The second that the last beat marked, by this sentence alone; empty between the bands.
std::optional<UtcSecond> named_by(const UtcInstant& time, nanoseconds after_beat) {
  const auto second = time.second + std::chrono::ceil<seconds>(time.fraction - after_beat);
  if (!in_band(latency(second, time, after_beat))) return std::nullopt;
  return second;
}

bool leap_may_lie_between(UtcSecond before, UtcSecond a, UtcSecond b) {
  return a - b >= -1s && a - b <= 1s &&
         month_begins_between(before - leap_is_told_within, std::max(a, b));
}

}  // namespace

void Numbering::beat(std::int64_t count, const Edge& edge) {
  edge_ = edge;
  if (trial_) trial_->second += seconds{count};
  if (!proved_) return;
  proved_->second += seconds{count};
  if (!confirmed_at_ || difference(edge.monotonic, *confirmed_at_) <= longest_carry) return;
  proved_.reset();
  trial_.reset();
}

void Numbering::restart(const Edge& edge, std::optional<nanoseconds> drift) {
  proved_.reset();
  trial_.reset();
  edge_ = edge;
  if (!known_) return;
  const auto measured = interval(known_->edge, edge);
  const bool by_rate = drift && known_->edge.raw && edge.raw;
  const auto elapsed = by_rate ? minus(measured, measured / 1s * *drift) : measured;
  const auto tolerance = by_rate ? rate_tolerance + abs(elapsed) / 1'000'000 * wander_ppm
                                 : phase_tolerance + abs(elapsed) / 1'000'000 * drift_ppm;
  moved_ = abs(off_second(elapsed)) > tolerance;
  faded_ = tolerance > phase_told_to;
}

void Numbering::slept() {
  slept_ = resume_agreements;
}

Numbering::Outcome Numbering::sentence(const UtcInstant& time, nanoseconds after_beat,
                                       MonotonicTime now, bool offset_is_huge) {
  if (!edge_) return Outcome::nothing;
  const auto burst = edge_->monotonic + after_beat;
  auto outcome = Outcome::nothing;
  if (proved_) {
    const auto late = latency(proved_->second, time, after_beat);
    if (in_band(late) && !is_odd(late)) {
      proved_->agreements = std::min(proved_->agreements + 1, disputed_agreements);
      trial_.reset();
      nameless_ = 0;
      confirm(time, late, burst);
      return Outcome::confirmed;
    }
    if (late < just_early || late >= stalled || in_band(late)) {
      outcome = Outcome::contradicted;
      proved_->agreements = 0;
      if (slept_ > 0) {
        proved_.reset();
        shaken_ = true;
      }
    }
  }
  const auto named = named_by(time, after_beat);
  const auto late = named ? latency(*named, time, after_beat) : 0ns;
  // When the next beat came before it did, gpsd's stamp alone would tell to which it belongs.
  if (!named || difference(now, burst) >= 1s - late) {
    nameless_ = std::min(nameless_ + 1, ambiguous_from);
    return outcome;
  }
  nameless_ = 0;
  try_out(*named, late, now);
  if (!convinces(offset_is_huge, now)) return outcome;
  proved_ = trial_;
  trial_.reset();
  moved_ = faded_ = shaken_ = false;
  known_.reset();
  confirm(time, late, burst);
  return Outcome::confirmed;
}

void Numbering::confirm(const UtcInstant& time, nanoseconds latency, MonotonicTime burst) {
  const auto usual = known_ ? known_->latency : latency;
  const auto spread = known_ ? known_->spread - known_->spread / longest_history : 0ns;
  known_ = Known{proved_->second, *edge_, usual + (latency - usual) / weight_of_history,
                 std::max(spread, nanoseconds{abs(latency - usual)})};
  // Of two beats, when they overtook it, it confirms the first.
  confirmed_ = std::min(proved_->second, time.second);
  confirmed_at_ = burst;
  slept_ = std::max(slept_ - 1, 0);
}

void Numbering::try_out(UtcSecond named, nanoseconds latency, MonotonicTime now) {
  if (trial_ && trial_->second == named) {
    if (trial_->agreements == 0) {
      trial_->since = now;
      trial_->soonest = trial_->latest = latency;
    }
    ++trial_->agreements;
    trial_->misses = 0;
    trial_->soonest = std::min(trial_->soonest, latency);
    trial_->latest = std::max(trial_->latest, latency);
  } else if (trial_ && named < trial_->second && trial_->second - named < stalled &&
             trial_->misses < misses_allowed) {
    // A late sentence names a beat too early; none can come before its time. So the later name
    // stands, unless the others keep coming.
    ++trial_->misses;
    ++trial_->dissents;
  } else {
    // One that was alone was stale; more of them were of another mind.
    const auto dissents = trial_ ? std::max(trial_->agreements - 1, 0) : 0;
    trial_ = Hypothesis{named, 1, now, 0, dissents, latency, latency};
  }
}

bool Numbering::convinces(bool offset_is_huge, MonotonicTime now) const {
  const auto count = needed(offset_is_huge);
  return trial_->agreements >= count && trial_->agreements > trial_->dissents &&
         difference(now, trial_->since) >= (count - 2) * 1s && !is_mere_lateness();
}

int Numbering::needed(bool offset_is_huge) const {
  const bool careful =
      offset_is_huge || trial_->dissents > 0 || trial_->latest - trial_->soonest > steady_latency;
  const int from_nothing = careful ? careful_agreements : first_agreements;
  if (!known_) return from_nothing;
  // Only a sleep since the last confirmation explains another phase.
  const bool slept_since = slept_ == resume_agreements;
  if (moved_) return slept_since ? disputed_agreements : incredible_agreements;
  if (shaken_) return disputed_agreements;
  if (!proved_ && elapsed_explains(trial_->second))
    return faded_ ? disputed_agreements : from_nothing;
  // At the end of a month the count may shift by a leap second, there and then.
  if (proved_ && difference(edge_->monotonic, *confirmed_at_) < leap_is_seen_within &&
      leap_may_lie_between(*confirmed_, trial_->second, proved_->second))
    return from_nothing;
  const auto elapsed = nearest_second(interval(known_->edge, *edge_));
  const auto expected = proved_ ? proved_->second : known_->second + elapsed;
  const auto apart = trial_->second - expected;
  return apart > 24h || apart < -24h ? incredible_agreements : disputed_agreements;
}

/// After a sleep of whole seconds a receiver that is late by as many would seem to confirm what is
/// carried, if it were not for its latency.
bool Numbering::is_odd(nanoseconds latency) const {
  return slept_ > 0 && known_ &&
         abs(latency - known_->latency) > steady_latency + 2 * known_->spread;
}

/// Whether the sentences may just have become later than a second, of a number that was right: a
/// jump of the receiver's leaves its latency as it was.
bool Numbering::is_mere_lateness() const {
  if (!proved_ || !known_ || trial_->second >= proved_->second ||
      proved_->second - trial_->second > stalled)
    return false;
  if (leap_may_lie_between(*confirmed_, trial_->second, proved_->second)) return false;
  const auto usual = known_->latency;
  return usual < trial_->soonest - steady_latency || usual > trial_->latest + steady_latency;
}

bool Numbering::elapsed_explains(UtcSecond second) const {
  const auto elapsed = interval(known_->edge, *edge_);
  const auto limit = seconds{std::chrono::years{100}};
  const auto apart = std::clamp(second - known_->second, -limit, limit);
  return abs(minus(apart, elapsed)) <= phase_tolerance + abs(elapsed) / 1'000'000 * drift_ppm;
}

void Numbering::doubted() {
  if (trial_) trial_->agreements = 0;
  if (proved_) proved_->agreements = 0;
}

std::optional<UtcSecond> Numbering::second() const {
  return proved_ ? std::optional{proved_->second} : std::nullopt;
}

std::optional<UtcSecond> Numbering::supposed() const {
  return proved_ ? second() : trial_ ? std::optional{trial_->second} : std::nullopt;
}

bool Numbering::disputed() const {
  constexpr int a_few = 3;
  const bool another = trial_ && trial_->agreements >= a_few;
  return known_ && (moved_ || shaken_ || (another && !elapsed_explains(trial_->second)));
}

}  // namespace ntsbox::driver
