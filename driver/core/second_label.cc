#include "driver/core/second_label.h"

#include <algorithm>
#include <chrono>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// A message labels the edge before it when its burst begins this long after that edge. It is never
// the nearest edge: receivers send from some ms to most of a second after the pulse that they
// describe.
constexpr nanoseconds least_delay = 20ms;
constexpr nanoseconds greatest_delay = 950ms;
// Outside of the band, but explained by a stall or by a receiver that sends just before its pulse.
constexpr nanoseconds just_early = -50ms;
constexpr seconds longest_stall = 15s;
constexpr int late_messages_allowed = 2;
// Messages whose delay varies by more may be late, some of them by more than a second.
constexpr nanoseconds steady_delay = 150ms;
// How long seconds are counted without a message that confirms them.
constexpr nanoseconds longest_count = 1h;
// From the last message before a leap second to enough of them after it.
constexpr nanoseconds leap_is_seen_within = 1min;
// An oscillator is within 100 ppm; the pulse of a receiver in holdover is better than that.
constexpr nanoseconds phase_tolerance = 1ms;
constexpr std::int64_t drift_ppm = 100;
// Where the oscillator's own rate is known.
constexpr nanoseconds rate_tolerance = 1ms;
constexpr std::int64_t rate_change_ppm = 10;
// On most receivers the other edge of the pulse is 100 ms away: a phase that is less certain than
// this cannot be compared.
constexpr nanoseconds useful_phase = 50ms;
constexpr int delay_memory = 16;  // messages
constexpr int spread_memory = 64;

/// How long after the instant that it reports the message began, if the last edge marked `second`.
/// Limited to a year, since dates may lie millennia apart.
nanoseconds message_delay(UtcSecond second, const UtcInstant& time, nanoseconds after_edge) {
  const auto limit = seconds{std::chrono::years{1}};
  const auto apart = std::clamp(second - time.second, -limit, limit);
  return apart + after_edge - time.fraction;
}

bool in_band(nanoseconds delay) {
  return delay > least_delay && delay < greatest_delay;
}

/// The second that the last edge marked by this message alone; empty outside of the band.
std::optional<UtcSecond> label_from(const UtcInstant& time, nanoseconds after_edge) {
  const auto second = time.second + std::chrono::ceil<seconds>(time.fraction - after_edge);
  if (!in_band(message_delay(second, time, after_edge))) return std::nullopt;
  return second;
}

bool leap_may_lie_between(UtcSecond before, UtcSecond a, UtcSecond b) {
  return a - b >= -1s && a - b <= 1s &&
         month_begins_between(before - leap_shown_within, std::max(a, b));
}

}  // namespace

void SecondLabel::advance(std::int64_t count, const Edge& edge) {
  edge_ = edge;
  if (candidate_) candidate_->second += seconds{count};
  if (!proved_) return;
  proved_->second += seconds{count};
  if (!confirmed_at_ || difference(edge.monotonic, *confirmed_at_) <= longest_count) return;
  proved_.reset();
  candidate_.reset();
}

void SecondLabel::restart(const Edge& edge, std::optional<nanoseconds> drift) {
  proved_.reset();
  candidate_.reset();
  edge_ = edge;
  if (!reference_) return;
  const auto measured = interval(reference_->edge, edge);
  const bool by_rate = drift && reference_->edge.raw && edge.raw;
  const auto elapsed = by_rate ? minus(measured, measured / 1s * *drift) : measured;
  const auto tolerance = by_rate ? rate_tolerance + abs(elapsed) / 1'000'000 * rate_change_ppm
                                 : phase_tolerance + abs(elapsed) / 1'000'000 * drift_ppm;
  phase_differs_ = abs(off_second(elapsed)) > tolerance;
  phase_uncertain_ = tolerance > useful_phase;
}

void SecondLabel::on_clock_step() {
  delay_checks_left_ = resume_messages;
}

SecondLabel::Outcome SecondLabel::message(const UtcInstant& time, nanoseconds after_edge,
                                          MonotonicTime now, bool offset_is_huge) {
  if (!edge_) return Outcome::no_label;
  const auto burst = edge_->monotonic + after_edge;
  auto outcome = Outcome::no_label;
  if (proved_) {
    const auto late = message_delay(proved_->second, time, after_edge);
    if (in_band(late) && !is_unusual(late)) {
      proved_->consistent = std::min(proved_->consistent + 1, disputed_messages);
      candidate_.reset();
      unlabelled_messages_ = 0;
      confirm(time, late, burst);
      return Outcome::confirmed;
    }
    if (late < just_early || late >= longest_stall || in_band(late)) {
      outcome = Outcome::contradicted;
      proved_->consistent = 0;
      if (delay_checks_left_ > 0) {
        proved_.reset();
        delay_contradicted_ = true;
      }
    }
  }
  const auto labelled = label_from(time, after_edge);
  const auto late = labelled ? message_delay(*labelled, time, after_edge) : 0ns;
  // When it arrives after the next edge, only gpsd's stamp would show which edge it belongs to.
  if (!labelled || difference(now, burst) >= 1s - late) {
    unlabelled_messages_ = std::min(unlabelled_messages_ + 1, ambiguous_from);
    return outcome;
  }
  unlabelled_messages_ = 0;
  add_to_candidate(*labelled, late, now);
  if (!candidate_is_proved(offset_is_huge, now)) return outcome;
  proved_ = candidate_;
  candidate_.reset();
  phase_differs_ = phase_uncertain_ = delay_contradicted_ = false;
  reference_.reset();
  confirm(time, late, burst);
  return Outcome::confirmed;
}

void SecondLabel::confirm(const UtcInstant& time, nanoseconds delay, MonotonicTime burst) {
  const auto usual = reference_ ? reference_->delay : delay;
  const auto spread = reference_ ? reference_->spread - reference_->spread / spread_memory : 0ns;
  reference_ = Reference{proved_->second, *edge_, usual + (delay - usual) / delay_memory,
                         std::max(spread, nanoseconds{abs(delay - usual)})};
  // When two edges came before it, it confirms the first of them.
  confirmed_ = std::min(proved_->second, time.second);
  confirmed_at_ = burst;
  delay_checks_left_ = std::max(delay_checks_left_ - 1, 0);
}

void SecondLabel::add_to_candidate(UtcSecond second, nanoseconds delay, MonotonicTime now) {
  if (candidate_ && candidate_->second == second) {
    if (candidate_->consistent == 0) {
      candidate_->since = now;
      candidate_->least_delay = candidate_->greatest_delay = delay;
    }
    ++candidate_->consistent;
    candidate_->late_messages = 0;
    candidate_->least_delay = std::min(candidate_->least_delay, delay);
    candidate_->greatest_delay = std::max(candidate_->greatest_delay, delay);
  } else if (candidate_ && second < candidate_->second &&
             candidate_->second - second < longest_stall &&
             candidate_->late_messages < late_messages_allowed) {
    // A late message labels too early a second, and none can come before its time. So the later
    // label stands, unless the earlier ones keep coming.
    ++candidate_->late_messages;
    ++candidate_->contradicting;
  } else {
    // A single message was stale; several of them contradict the new candidate.
    const auto contradicting = candidate_ ? std::max(candidate_->consistent - 1, 0) : 0;
    candidate_ = Hypothesis{second, 1, now, 0, contradicting, delay, delay};
  }
}

bool SecondLabel::candidate_is_proved(bool offset_is_huge, MonotonicTime now) const {
  const auto count = messages_needed(offset_is_huge);
  return candidate_->consistent >= count && candidate_->consistent > candidate_->contradicting &&
         difference(now, candidate_->since) >= (count - 2) * 1s && !is_only_late();
}

int SecondLabel::messages_needed(bool offset_is_huge) const {
  const bool careful = offset_is_huge || candidate_->contradicting > 0 ||
                       candidate_->greatest_delay - candidate_->least_delay > steady_delay;
  const int from_nothing = careful ? careful_messages : first_messages;
  if (!reference_) return from_nothing;
  // Only a sleep since the last confirmation explains another phase of the pulse.
  const bool stepped_since = delay_checks_left_ == resume_messages;
  if (phase_differs_) return stepped_since ? disputed_messages : implausible_messages;
  if (delay_contradicted_) return disputed_messages;
  if (!proved_ && matches_elapsed(candidate_->second))
    return phase_uncertain_ ? disputed_messages : from_nothing;
  // At the end of a month the label may change by a leap second.
  if (proved_ && difference(edge_->monotonic, *confirmed_at_) < leap_is_seen_within &&
      leap_may_lie_between(*confirmed_, candidate_->second, proved_->second))
    return from_nothing;
  const auto elapsed = nearest_second(interval(reference_->edge, *edge_));
  const auto expected = proved_ ? proved_->second : reference_->second + elapsed;
  const auto apart = candidate_->second - expected;
  return apart > 24h || apart < -24h ? implausible_messages : disputed_messages;
}

/// After a sleep of whole seconds, messages that are late by as many seconds would seem to confirm
/// the counted second; only their delay shows it.
bool SecondLabel::is_unusual(nanoseconds delay) const {
  return delay_checks_left_ > 0 && reference_ &&
         abs(delay - reference_->delay) > steady_delay + 2 * reference_->spread;
}

/// Whether the counted second may be right and the messages have only become later than a second: a
/// receiver that changes its label keeps its delay.
bool SecondLabel::is_only_late() const {
  if (!proved_ || !reference_ || candidate_->second >= proved_->second ||
      proved_->second - candidate_->second > longest_stall)
    return false;
  if (leap_may_lie_between(*confirmed_, candidate_->second, proved_->second)) return false;
  const auto usual = reference_->delay;
  return usual < candidate_->least_delay - steady_delay ||
         usual > candidate_->greatest_delay + steady_delay;
}

bool SecondLabel::matches_elapsed(UtcSecond second) const {
  const auto elapsed = interval(reference_->edge, *edge_);
  const auto limit = seconds{std::chrono::years{100}};
  const auto apart = std::clamp(second - reference_->second, -limit, limit);
  return abs(minus(apart, elapsed)) <= phase_tolerance + abs(elapsed) / 1'000'000 * drift_ppm;
}

void SecondLabel::restart_count() {
  if (candidate_) candidate_->consistent = 0;
  if (proved_) proved_->consistent = 0;
}

std::optional<UtcSecond> SecondLabel::second() const {
  return proved_ ? std::optional{proved_->second} : std::nullopt;
}

std::optional<UtcSecond> SecondLabel::assumed_second() const {
  return proved_ ? second() : candidate_ ? std::optional{candidate_->second} : std::nullopt;
}

bool SecondLabel::disputed() const {
  constexpr int a_few = 3;
  const bool another = candidate_ && candidate_->consistent >= a_few;
  return reference_ && (phase_differs_ || delay_contradicted_ ||
                        (another && !matches_elapsed(candidate_->second)));
}

}  // namespace ntsbox::driver
