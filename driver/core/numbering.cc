#include "driver/core/numbering.h"

#include <algorithm>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

// A sentence names the beat before it when it begins this long after it. Never the nearest one:
// receivers send from some ms to most of a second after the pulse that they describe.
constexpr nanoseconds soonest = 20ms;
constexpr nanoseconds latest = 950ms;
// Outside of the band, but a stall or a receiver that speaks just before its pulse explains it.
constexpr nanoseconds just_early = -50ms;
constexpr nanoseconds stalled = 15s;
constexpr int misses_allowed = 2;
// Carrying on without a sentence is bounded, though beats go on.
constexpr nanoseconds longest_carry = 1h;

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
  const auto early = time.fraction - after_beat;
  const auto second = time.second + std::chrono::ceil<seconds>(early + soonest);
  if (!in_band(latency(second, time, after_beat))) return std::nullopt;
  return second;
}

}  // namespace

void Numbering::beat(std::int64_t count, const Edge& edge) {
  edge_ = edge;
  if (trial_) trial_->second += seconds{count};
  if (!proved_) return;
  proved_->second += seconds{count};
  if (confirmed_at_ && difference(edge.monotonic, *confirmed_at_) > longest_carry)
    restart(edge, false);
}

void Numbering::restart(const Edge& edge, bool jumped) {
  if (proved_ && confirmed_ && edge_) memory_ = Memory{proved_->second, *edge_, jumped};
  if (memory_ && jumped) memory_->jumped = true;
  proved_.reset();
  trial_.reset();
  edge_ = edge;
}

Numbering::Outcome Numbering::sentence(const UtcInstant& time, nanoseconds after_beat,
                                       MonotonicTime now, bool offset_is_huge) {
  auto outcome = Outcome::nothing;
  if (proved_) {
    const auto late = latency(proved_->second, time, after_beat);
    if (in_band(late)) {
      proved_->agreements = std::min(proved_->agreements + 1, disputed_agreements);
      confirmed_ = proved_->second;
      confirmed_at_ = now;
      trial_.reset();
      return Outcome::confirmed;
    }
    if (late < just_early || late >= stalled) {
      outcome = Outcome::contradicted;
      proved_->agreements = 0;
    }
  }
  const auto named = named_by(time, after_beat);
  if (!named) return outcome;
  try_out(*named, now);
  const auto count = needed(offset_is_huge);
  if (trial_->agreements < count || difference(now, trial_->since) < (count - 2) * 1s)
    return outcome;
  prove(now);
  return Outcome::confirmed;
}

void Numbering::try_out(UtcSecond named, MonotonicTime now) {
  if (trial_ && trial_->second == named) {
    if (trial_->agreements == 0) trial_->since = now;
    ++trial_->agreements;
    trial_->misses = 0;
  } else if (trial_ && named < trial_->second && trial_->second - named < stalled &&
             trial_->misses < misses_allowed) {
    // A late sentence names a beat too early; none can come before its time. So the later name
    // stands, unless the others keep coming.
    ++trial_->misses;
  } else {
    trial_ = Hypothesis{named, 1, now};
  }
}

int Numbering::needed(bool offset_is_huge) const {
  const int from_nothing = offset_is_huge ? huge_agreements : first_agreements;
  if (proved_) {
    // At the end of a month the count may shift by a leap second, and only there.
    const auto apart = trial_->second - proved_->second;
    const bool leap =
        apart >= -1s && apart <= 1s && confirmed_ &&
        month_begins_between(*confirmed_ - 1s, std::max(proved_->second, trial_->second));
    return leap ? from_nothing : disputed_agreements;
  }
  if (!memory_ || !edge_) return from_nothing;
  if (memory_->jumped) return disputed_agreements;
  const auto elapsed =
      std::clamp<nanoseconds>(interval(memory_->edge, *edge_), 0s, std::chrono::years{10});
  const auto drift = std::chrono::ceil<seconds>(elapsed / 2000);  // 500 ppm
  const auto apart = trial_->second - (memory_->second + std::chrono::round<seconds>(elapsed));
  return apart >= -(1s + drift) && apart <= 1s + drift ? from_nothing : disputed_agreements;
}

void Numbering::prove(MonotonicTime now) {
  proved_ = trial_;
  trial_.reset();
  memory_.reset();
  confirmed_ = proved_->second;
  confirmed_at_ = now;
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
  return (proved_ && trial_ && trial_->agreements >= a_few) ||
         (!proved_ && memory_ && memory_->jumped);
}

}  // namespace ntsbox::driver
