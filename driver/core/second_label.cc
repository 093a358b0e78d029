#include "driver/core/second_label.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace ntsbox::driver {
namespace {

using std::chrono::abs;
using Basis = SecondLabel::Basis;

// A message labels the edge before it when its burst begins this long after that edge. It is never
// the nearest edge: receivers send from some ms to most of a second after the pulse that they
// describe.
constexpr nanoseconds least_delay = 20ms;
constexpr nanoseconds greatest_delay = 950ms;
// A receiver may send just before its pulse; no message comes earlier than that before the instant
// that it reports.
constexpr nanoseconds just_early = -50ms;
// A message that is later than this is not late: its label is another one.
constexpr nanoseconds longest_lateness = 15s;
// After a silence that is longer than this, lateness and a changed label are told apart by the
// delay alone: a changed label keeps it.
constexpr nanoseconds longest_gap = 5s;
constexpr nanoseconds delay_tolerance = 100ms;
// A label that advances by so much more than time came forward by a second; less may be the delay.
constexpr nanoseconds forward = 750ms;
// Messages whose delay varies by more may be late, some of them by more than a second.
constexpr nanoseconds steady_delay = 150ms;
constexpr int delay_memory = 16;  // messages
// From the last message before a leap second to enough of them after it.
constexpr nanoseconds leap_is_seen_within = 1min;
// How exactly an oscillator shows the length of a gap: 100 ppm, or 10 where its rate is known.
constexpr nanoseconds phase_tolerance = 1ms;
constexpr std::int64_t drift_ppm = 100;
constexpr std::int64_t rate_change_ppm = 10;
// A pulse that has run off may come back slowly.
constexpr nanoseconds run_off_tolerance = 2ms;
// On most receivers the other edge of the pulse is 100 ms away: a phase that is less certain than
// this cannot be compared.
constexpr nanoseconds useful_phase = 50ms;
constexpr int a_few = 3;  // messages

/// How many consistent messages prove another label (or the first one) on each basis, in the order
/// of Basis: while the receiver is young, and later.
struct Requirement {
  int young;
  int old;
};

constexpr std::array<Requirement, 6> requirements{{
    {SecondLabel::first_messages, SecondLabel::first_messages},              // nothing
    {SecondLabel::minute_messages, SecondLabel::ten_minutes_messages},       // counted
    {SecondLabel::minute_messages, SecondLabel::ten_minutes_messages},       // bridged
    {SecondLabel::minute_messages, SecondLabel::minute_messages},            // may_sleep
    {SecondLabel::minute_messages, SecondLabel::minute_messages},            // long_absent
    {SecondLabel::ten_minutes_messages, SecondLabel::ten_minutes_messages},  // moved
}};

/// a - b, limited to a year, since dates may lie millennia apart.
nanoseconds apart(const UtcInstant& a, const UtcInstant& b) {
  const auto limit = seconds{std::chrono::years{1}};
  const auto whole = a.second < b.second ? -std::min(b.second - a.second, limit)
                                         : std::min(a.second - b.second, limit);
  return whole + a.fraction - b.fraction;
}

/// How long after the instant that it reports the message began, if the last edge marked `second`.
nanoseconds delay_of(UtcSecond second, const SecondLabel::Message& message) {
  return apart({second, 0ns}, message.time) + message.after_edge;
}

/// The second of a receiver's time. UBX times may lie a little below it.
UtcSecond second_of(const UtcInstant& time) {
  return time.second + std::chrono::floor<seconds>(time.fraction - just_early);
}

bool in_band(nanoseconds delay) {
  return delay > least_delay && delay < greatest_delay;
}

/// The second that the last edge marked by this message alone; empty outside of the band, where the
/// burst is not placed, and when the message was received after the next edge: only gpsd's stamp
/// would show to which edge it belongs.
std::optional<UtcSecond> label_from(const SecondLabel::Message& message, MonotonicTime burst) {
  const auto second =
      message.time.second + std::chrono::ceil<seconds>(message.time.fraction - message.after_edge);
  const auto delay = delay_of(second, message);
  const bool overtaken = difference(message.received, burst) >= 1s - delay;
  if (!in_band(delay) || !message.placed || overtaken) return std::nullopt;
  return second;
}

}  // namespace

void SecondLabel::advance(std::int64_t count, const Edge& edge) {
  edge_ = edge;
  new_edge_ = true;
  if (candidate_) candidate_->second += seconds{count};
  if (label_) *label_ += seconds{count};
}

void SecondLabel::restart(const Edge& edge, std::optional<nanoseconds> drift, Course course) {
  label_.reset();
  candidate_.reset();
  contradictions_ = 0;
  edge_ = edge;
  new_edge_ = true;
  course_ = std::max(course_, course);
  if (!reference_) return;
  const auto measured = interval(reference_->edge, edge);
  const bool by_rate = drift && reference_->edge.raw && edge.raw;
  const auto elapsed = by_rate ? minus(measured, measured / 1s * *drift) : measured;
  const auto tolerance =
      phase_tolerance + abs(elapsed) / 1'000'000 * (by_rate ? rate_change_ppm : drift_ppm);
  const auto most = course_ == Course::left ? std::min(tolerance, run_off_tolerance) : tolerance;
  if (tolerance > useful_phase) {
    basis_ = Basis::long_absent;
  } else if (course_ == Course::renewed || abs(off_second(elapsed)) > most) {
    basis_ = stepped_ > 0ns ? Basis::may_sleep : Basis::moved;
  } else {
    basis_ = Basis::bridged;
    label_ = reference_->second + nearest_second(elapsed);
    awaited_ = std::max(awaited_, first_messages);
  }
}

SecondLabel::Outcome SecondLabel::message(const Message& message) {
  if (!edge_) return Outcome::no_label;
  // Without effect where the caller has observed the same time already.
  observe(message.time, edge_->monotonic + message.after_edge);
  const auto outcome = label_ ? check_count(message) : acquire(message);
  after_gap_ = false;
  return outcome;
}

SecondLabel::Outcome SecondLabel::check_count(const Message& message) {
  const auto evidence = evidence_for(*label_, message);
  if (evidence == Evidence::consistent)
    return lacks_leap(message) ? Outcome::no_label : confirm(message);
  // The messages of an earlier label that came forward again were late ones.
  if (candidate_ && candidate_->second < *label_ && shift_ >= 0s) candidate_.reset();
  if (candidate_ && message.placed &&
      evidence_for(candidate_->second, message) == Evidence::consistent) {
    add_to_candidate(message);
    return accept_candidate(message) ? confirm(message) : Outcome::contradicted;
  }
  if (evidence == Evidence::jumped) return contradict(message);
  if (candidate_)
    candidate_->consistent = std::max(candidate_->consistent - messages_per_contradiction, 0);
  note_unlabelled(delay_of(*label_, message));
  return Outcome::no_label;
}

/// A label that did not advance over an edge has jumped back: the messages of one receiver come in
/// the order of their labels, however late they are. What jumped back comes forward as far.
void SecondLabel::observe(const UtcInstant& time, MonotonicTime burst, bool withheld) {
  const auto previous = previous_;
  const bool new_edge = std::exchange(new_edge_, false);
  previous_ = {time, burst};
  if (!previous) return;
  const auto passed = difference(burst, previous->burst);
  const auto advance = apart(time, previous->time);
  after_gap_ |= withheld || passed > longest_gap;
  // A report may be repeated in its cycle.
  const bool back = advance < 0ns || (advance == 0ns && new_edge);
  if (back || advance - passed >= forward) shift_ += nearest_second(advance - passed);
}

/// What a message shows about an assumed second of the last edge.
SecondLabel::Evidence SecondLabel::evidence_for(UtcSecond second, const Message& message) {
  const auto delay = delay_of(second, message);
  if (in_band(delay)) return Evidence::consistent;
  if (delay < just_early || delay >= longest_lateness) return Evidence::jumped;
  shift_ = std::min(shift_, 0s);  // what came forward and is not early was late before
  if (delay < greatest_delay) return Evidence::none;
  // Where the message that showed it is missing, the delay does: after a gap, and at a leap second.
  const bool may_jump = after_gap_ || (second == label_ && is_leap(second - 1s));
  if (shift_ == 0s && may_jump && delay >= 1s && keeps_delay(delay))
    shift_ = -nearest_second(delay - usual_delay_);
  return shift_ < 0s ? Evidence::jumped : Evidence::none;
}

bool SecondLabel::keeps_delay(nanoseconds delay) const {
  return abs(off_second(delay - usual_delay_)) <= delay_tolerance;
}

SecondLabel::Outcome SecondLabel::confirm(const Message& message) {
  const auto delay = delay_of(*label_, message);
  usual_delay_ = confirmed_ ? usual_delay_ + (delay - usual_delay_) / delay_memory : delay;
  basis_ = Basis::counted;
  reference_ = {*label_, *edge_};
  candidate_.reset();
  unlabelled_ = 0;
  shift_ = 0s;
  stepped_ = 0ns;
  contradicted_ = false;
  course_ = Course::kept;
  // When two edges came before it, it confirms the first of them.
  const auto second = std::min(*label_, second_of(message.time));
  // Receivers of 5 Hz and those that repeat themselves are counted once a second.
  if (confirmed_ != second) awaited_ = std::max(awaited_ - 1, 0);
  confirmed_ = second;
  confirmed_at_ = edge_->monotonic + message.after_edge;
  return Outcome::confirmed;
}

SecondLabel::Outcome SecondLabel::contradict(const Message& message) {
  if (sleep_explains(*label_ - nearest_second(delay_of(*label_, message) - usual_delay_))) {
    label_.reset();
    basis_ = Basis::may_sleep;
  }
  // Messages that contradict one after the other are one contradiction.
  if (!contradicted_) awaited_ = std::min(awaited_ + messages_per_contradiction, minute_messages);
  contradicted_ = true;
  unlabelled_ = 0;
  begin_candidate(message);
  return Outcome::contradicted;
}

SecondLabel::Outcome SecondLabel::acquire(const Message& message) {
  const auto evidence = candidate_ ? evidence_for(candidate_->second, message) : Evidence::jumped;
  if (evidence == Evidence::jumped) {
    if (candidate_) ++contradictions_;
    shift_ = 0s;
    begin_candidate(message);
  } else if (evidence == Evidence::consistent && message.placed) {
    unlabelled_ = 0;
    add_to_candidate(message);
    if (accept_candidate(message)) return confirm(message);
  } else {
    note_unlabelled(delay_of(candidate_->second, message));
  }
  return Outcome::no_label;
}

void SecondLabel::begin_candidate(const Message& message) {
  candidate_.reset();
  const auto labelled = label_from(message, edge_->monotonic + message.after_edge);
  if (!labelled) return note_unlabelled(off_second(message.after_edge - message.time.fraction));
  unlabelled_ = 0;
  const auto delay = delay_of(*labelled, message);
  candidate_ = Candidate{*labelled, second_of(message.time), 1, message.received, delay, delay};
  if (!confirmed_) usual_delay_ = delay;
}

void SecondLabel::add_to_candidate(const Message& message) {
  const auto time = second_of(message.time);
  const auto delay = delay_of(candidate_->second, message);
  if (candidate_->consistent == 0)
    candidate_ = Candidate{candidate_->second, time, 1, message.received, delay, delay};
  if (candidate_->last == time) return;
  candidate_->last = time;
  ++candidate_->consistent;
  candidate_->least_delay = std::min(candidate_->least_delay, delay);
  candidate_->greatest_delay = std::max(candidate_->greatest_delay, delay);
}

/// Accepts the candidate's label when enough of its messages came.
bool SecondLabel::accept_candidate(const Message& message) {
  const auto needed = messages_needed(message);
  if (candidate_->consistent < needed ||
      difference(message.received, candidate_->since) < (needed - 2) * 1s)
    return false;
  label_ = candidate_->second;
  awaited_ = contradictions_ = 0;
  return true;
}

int SecondLabel::messages_needed(const Message& message) const {
  if (label_ && is_leap(candidate_->second)) return first_messages;
  const bool awake = basis_ == Basis::may_sleep && !sleep_explains(candidate_->second);
  const auto basis = awake ? Basis::moved : basis_;
  const auto& row = requirements.at(static_cast<std::size_t>(basis));
  auto needed = message.young ? row.young : row.old;
  const bool careful = message.careful ||
                       candidate_->greatest_delay - candidate_->least_delay > steady_delay ||
                       contradictions_ > 0;
  if (careful) needed = std::max(needed, careful_messages);
  return std::max(needed, std::min(contradictions_ * messages_per_contradiction, minute_messages));
}

/// Whether the machine slept for as long as the system clock was stepped, if the last edge has this
/// label. Where the hardware clock wakes it, the step is exact to a second or two.
bool SecondLabel::sleep_explains(UtcSecond labelled) const {
  if (stepped_ <= 0ns || !reference_) return false;
  const auto passed = apart({labelled, 0ns}, {reference_->second, 0ns});
  const auto slept = minus(passed, interval(reference_->edge, *edge_));
  return abs(minus(slept, stepped_)) <= 2s;
}

/// Whether the message labels the count as it is although the table has a leap second since: the
/// receiver does not show it yet.
bool SecondLabel::lacks_leap(const Message& message) const {
  const auto second = second_of(message.time);
  return leaps_.covers(second) && leaps_.change_between(*confirmed_, second) != 0s;
}

/// Whether a leap second explains that the messages label the last edge so.
bool SecondLabel::is_leap(UtcSecond labelled) const {
  const auto change = labelled - *label_;
  const auto since = *confirmed_ - leap_shown_within;
  if (change != 1s && change != -1s) return false;
  const auto until = std::max(labelled, *label_);
  if (leaps_.covers(until)) return leaps_.change_between(since, until) == change;
  return month_begins_between(since, until) &&
         difference(edge_->monotonic, *confirmed_at_) < leap_is_seen_within;
}

void SecondLabel::note_unlabelled(nanoseconds delay) {
  unlabelled_ = std::min(unlabelled_ + 1, a_few);
  unlabelled_delay_ = delay;
}

void SecondLabel::restart_count() {
  if (candidate_) candidate_->consistent = 0;
  awaited_ = std::max(awaited_, resume_messages);
}

std::optional<UtcSecond> SecondLabel::assumed_second() const {
  return label_ ? label_ : candidate_ ? std::optional{candidate_->second} : std::nullopt;
}

std::optional<nanoseconds> SecondLabel::unlabelled_delay() const {
  return unlabelled_ == a_few ? std::optional{unlabelled_delay_} : std::nullopt;
}

bool SecondLabel::disputed() const {
  if (basis_ == Basis::moved || basis_ == Basis::may_sleep) return !label_;
  const bool another = label_ && candidate_ && candidate_->consistent >= a_few;
  return another || awaited_ > 2 * messages_per_contradiction;
}

}  // namespace ntsbox::driver
