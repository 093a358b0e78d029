#include "driver/core/receiver_watch.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

// gpsd's cycle is shorter than this, whatever the line's speed.
constexpr nanoseconds longest_cycle = 2s;
// gpsd may send the TPV before the TOFF, where nothing shows the burst.
constexpr nanoseconds leading = 100ms;
// TPV has its time rounded to a millisecond, TOFF has it as the receiver sent it.
constexpr nanoseconds same_instant = 10ms;
// A mode that the same cycle revises is no loss of the fix.
constexpr nanoseconds revised_within = 500ms;
// At 4800 baud the longest sentence takes 171 ms (NMEA 0183: 82 characters): after a longer silence
// a burst begins. A receiver of several Hz has a faster line: there it is half of its cycle.
constexpr nanoseconds longest_between_bursts = 200ms;
constexpr nanoseconds clearly_longer = 50ms;
// How long sentences are remembered.
constexpr nanoseconds sentences_last = 3s;
// A report that follows the TPV as soon as this belongs to the same burst, in any case.
constexpr nanoseconds trailing = 150ms;
// How long a device must be silent before another one is followed, and how long a second device is
// remembered.
constexpr nanoseconds handover = 3s;
constexpr nanoseconds longest_overlap = 10s;
// A receiver that sends a fix each other second is served, a slower one is not.
constexpr nanoseconds longest_period = 2500ms;
// Two times in one cycle, of GLL and GGA for instance, are nearer to each other.
constexpr nanoseconds shortest_period = 50ms;
// How long gpsd must withhold TOFF before it is said so, and after which a spell is forgotten.
constexpr nanoseconds withheld = 5s;
// gpsd has sent no TOFF of a receiver's last cycle.
constexpr nanoseconds longest_without_toff = 1500ms;
// gpsd makes no TPV of some cycles although their times come. A fix that is lost it reports.
constexpr nanoseconds longest_without_fix = 3500ms;
constexpr nanoseconds longest_interval = 30s;
// A receiver has the leap seconds from the almanac 12.5 minutes after its first fix (IS-GPS-200).
constexpr nanoseconds young_age = 15min;
// gpsd's STATUS_DR, without any satellite, and STATUS_SIM.
constexpr int status_reckoned = 5;
constexpr int status_simulated = 8;

bool recent(const std::optional<MonotonicTime>& when, MonotonicTime now, nanoseconds limit) {
  return when && difference(now, *when) <= limit;
}

/// b - a, limited to a day.
nanoseconds between(const UtcInstant& a, const UtcInstant& b) {
  const seconds day = 24h;
  const auto whole = b.second > a.second ? std::min(b.second - a.second, day)
                                         : -std::min(a.second - b.second, day);
  return whole + b.fraction - a.fraction;
}

}  // namespace

ReceiverWatch::ReceiverWatch(std::string device) : configured_device_(std::move(device)) {}

bool ReceiverWatch::is_followed(std::string_view device, MonotonicTime now) {
  if (!configured_device_.empty() && device != configured_device_) return false;
  // A report without a device is from the only device.
  if (device != device_ && !device.empty()) {
    if (recent(device_seen_, now, handover)) {
      other_device_seen_ = now;
      return false;
    }
    forget();
    if (!device_.empty()) first_fix_.reset();
    device_ = device;
  }
  device_seen_ = now;
  return true;
}

bool ReceiverWatch::on_fix(const FixReport& fix, MonotonicTime now) {
  if (!is_followed(fix.device, now)) return false;
  fix_is_new_ = fix.time && !(fix_ && *fix.time == fix_->time);
  if (fix.time && !fix_is_new_)
    note_leading(now);
  else
    led_.reset();
  fix_report_seen_ = now;
  if (fix.status == status_reckoned || fix.status == status_simulated) {
    simulated_ = now;
    fix_.reset();
    fix_seen_.reset();
    mode_ = 0;
    return true;
  }
  if (fix.mode == 1 && !sentences_show_fix(now)) {
    if (!fix_lost_) fix_lost_ = now;
  } else if (fix.mode == 0) {
    // Not known yet: gpsd sends it in the middle of a cycle.
    if (fix.time) unknown_timed_ = now;
  } else {
    // gpsd may say mode 1 of a fix of no satellites, or in the middle of a cycle.
    mode_ = std::max(fix.mode, 2);
    fix_seen_ = now;
    fix_lost_.reset();
    if (!fix.time) return true;
    if (!first_fix_) first_fix_ = now;
    if (!recent(cycle_seen_, now, revised_within)) {
      cycle_seen_ = now;
      ++cycles_since_toff_;
    }
    note_interval(*fix.time, now);
    fix_ = {*fix.time, now};
    leap_seconds_wrong_ =
        fix.leap_seconds && !leap_seconds_plausible(*fix.leap_seconds, fix.time->second);
    compare_times(now);
  }
  if (!recent(fix_seen_, now, longest_cycle)) mode_ = fix.mode;
  return true;
}

bool ReceiverWatch::on_time(const TimeReport& time, MonotonicTime stamp, MonotonicTime now) {
  if (!is_followed(time.device, now)) return false;
  auto first = led_;
  if (recent(sentence_seen_, now, sentences_last)) first = burst_;
  // A burst is no longer than the receiver's cycle, which may be a tenth of a second.
  begin_ = first ? std::clamp(*first, stamp - interval_, stamp) : stamp;
  toff_ = {time.real, stamp};
  if (!latest_toff_ || between(*latest_toff_, time.real) > 0ns) latest_toff_ = time.real;
  compare_times(now);
  return true;
}

bool ReceiverWatch::on_sky(const SkyReport& sky, MonotonicTime now) {
  if (!is_followed(sky.device, now)) return false;
  note_leading(now);
  satellites_used_ = sky.satellites_used;
  return true;
}

nanoseconds ReceiverWatch::between_bursts() const {
  return std::min(longest_between_bursts, interval_ / 2);
}

/// The receiver's line was busy. A burst begins after a silence; where a receiver pauses in its
/// burst, the longest silence of its cycle is the one between its bursts.
void ReceiverWatch::note_line(MonotonicTime now) {
  const auto silence = line_seen_ ? difference(now, *line_seen_) : 0ns;
  const bool same_cycle = recent(burst_, now, interval_ * 3 / 4);
  if (!line_seen_ ||
      (silence > between_bursts() && (!same_cycle || silence > burst_silence_ + clearly_longer))) {
    burst_silence_ = silence;
    burst_ = now;
    burst_time_.reset();
    burst_times_ = 0;
  }
  line_seen_ = now;
}

void ReceiverWatch::on_sentence(const SentenceReport& sentence, MonotonicTime now) {
  note_line(now);
  sentence_seen_ = now;
  if (sentence.fix == SentenceReport::Fix::valid) {
    if (burst_time_ != sentence.time_of_day) burst_times_ = std::min(burst_times_ + 1, 2);
    burst_time_ = sentence.time_of_day;
  }
  // A later sentence of the burst that has a fix does not make up for it.
  if (sentence.fix == SentenceReport::Fix::none) burst_void_ = burst_;
}

std::optional<ReceiverWatch::SentenceTime> ReceiverWatch::time_without_toff(
    MonotonicTime now) const {
  const bool missing = !recent(real_toff_seen_, now, longest_without_toff) && first_fix_ &&
                       !recent(first_fix_, now, withheld);
  if (!missing || !fix_is_new_ || !fix_ || fix_->when != now || fix_lost_) return std::nullopt;
  // Where it has two times, the silence between two bursts was too short to be seen.
  if (!sentences_show_fix(now) || burst_times_ != 1) return std::nullopt;
  const auto days = std::chrono::floor<std::chrono::days>(fix_->time.second);
  const auto time_of_day = fix_->time.second - days + fix_->time.fraction;
  if (nearest_second(time_of_day - *burst_time_) != 0s) return std::nullopt;
  return SentenceTime{fix_->time, *burst_};
}

/// Whether the burst of now has an RMC with a valid fix, and no sentence that says otherwise.
bool ReceiverWatch::sentences_show_fix(MonotonicTime now) const {
  return recent(line_seen_, now, between_bursts()) && burst_time_ && burst_void_ != burst_;
}

/// A report after the end of a cycle, without a time of the next one: it belongs to the burst
/// before it or to the one after it.
void ReceiverWatch::note_leading(MonotonicTime now) {
  const bool cycle_ended = fix_report_seen_ && difference(now, *fix_report_seen_) > trailing &&
                           (!toff_ || toff_->when < *fix_report_seen_);
  if (cycle_ended && !led_) led_ = now;
}

bool ReceiverWatch::on_toff(MonotonicTime now) {
  note_line(now);
  const bool withheld_one = real_toff_seen_ && cycles_since_toff_ >= 2;
  real_toff_seen_ = now;
  cycles_since_toff_ = 0;
  return withheld_one;
}

void ReceiverWatch::on_devices(const DeviceReport& devices) {
  const bool gone =
      devices.whole_list ? devices.count == 0 : !devices.active && devices.device == device_;
  if (gone) forget();
}

/// TPV and TOFF belong to one epoch when they have the same time, in one burst, and gpsd's cycle
/// ended soon after it began.
void ReceiverWatch::compare_times(MonotonicTime now) {
  if (!fix_ || !toff_) return;
  const auto apart = between(toff_->time, fix_->time);
  if (apart < -same_instant || apart > same_instant) return;
  const auto earliest = std::min(*begin_, toff_->when - leading);
  const bool one_cycle =
      fix_->when >= earliest && difference(fix_->when, toff_->when) <= longest_cycle;
  if (one_cycle) consistent_at_ = now;
}

/// Counts how often in a row the receiver's times were more than two seconds apart.
void ReceiverWatch::note_interval(const UtcInstant& time, MonotonicTime now) {
  if (!fix_ || difference(now, fix_->when) > longest_interval) {
    long_intervals_ = 0;
    interval_ = 1s;
    return;
  }
  const auto interval = between(fix_->time, time);
  if (interval >= shortest_period) interval_ = std::min<nanoseconds>(interval, 1s);
  if (interval > longest_period && difference(now, fix_->when) > longest_period)
    long_intervals_ = std::min(long_intervals_ + 1, 3);
  else if (interval > 0ns)
    long_intervals_ = 0;
}

bool ReceiverWatch::is_too_slow(MonotonicTime now) const {
  return long_intervals_ >= 3 && fix_ && recent(fix_->when, now, longest_interval);
}

MonotonicTime ReceiverWatch::earliest_begin() const {
  return begin_.value_or(MonotonicTime{});
}

bool ReceiverWatch::is_young(MonotonicTime now) const {
  return !first_fix_ || difference(now, *first_fix_) <= young_age;
}

void ReceiverWatch::on_gpsd_lost() {
  connected_ = false;
  // A gpsd that starts again has no time yet.
  latest_toff_.reset();
  forget();
}

void ReceiverWatch::forget() {
  mode_ = 0;
  satellites_used_ = 0;
  interval_ = 1s;
  for (auto* seen : {&device_seen_, &other_device_seen_, &fix_report_seen_, &fix_seen_, &fix_lost_,
                     &simulated_, &unknown_timed_, &consistent_at_, &led_, &begin_, &sentence_seen_,
                     &line_seen_, &burst_, &burst_void_, &real_toff_seen_})
    seen->reset();
  fix_.reset();
  toff_.reset();
}

std::optional<Reason> ReceiverWatch::reason_against(MonotonicTime now, nanoseconds patience) const {
  if (!connected_) return Reason::no_gpsd;
  if (recent(other_device_seen_, now, longest_overlap)) return Reason::several_receivers;
  if (is_too_slow(now)) return Reason::message_rate;
  if (const auto reason = reason_of_fix(now, patience)) return reason;
  return reason_of_time(now, patience);
}

std::optional<Reason> ReceiverWatch::reason_of_fix(MonotonicTime now, nanoseconds patience) const {
  if (!recent(device_seen_, now, patience)) return Reason::no_receiver;
  if (!recent(fix_report_seen_, now, longest_without_fix)) return Reason::no_fix_report;
  if (recent(simulated_, now, patience)) return Reason::simulated_fix;
  const bool lost = fix_lost_ && difference(now, *fix_lost_) > revised_within;
  // What the last report did not have is missed sooner than a report.
  const auto lasts = [&](MonotonicTime seen) {
    return recent(seen, now, seen < *fix_report_seen_ ? patience : longest_without_fix);
  };
  if (lost || !fix_seen_ || !lasts(*fix_seen_))
    return !lost && recent(unknown_timed_, now, patience) ? Reason::unknown_fix : Reason::no_fix;
  if (!fix_ || !lasts(fix_->when)) return Reason::no_date;
  return std::nullopt;
}

std::optional<Reason> ReceiverWatch::reason_of_time(MonotonicTime now, nanoseconds patience) const {
  if (!toff_ || !recent(toff_->when, now, patience)) {
    if (latest_toff_ && between(fix_->time, *latest_toff_) > 1s) return Reason::stuck_time;
    const bool lately = toff_ && recent(toff_->when, now, withheld);
    return lately || recent(first_fix_, now, withheld) ? Reason::no_second : Reason::no_toff;
  }
  const bool newer_fix = !consistent_at_ || fix_->when > *consistent_at_;
  if (!recent(consistent_at_, now, newer_fix ? patience : longest_without_fix))
    return Reason::time_mismatch;
  if (leap_seconds_wrong_) return Reason::leap_seconds;
  return std::nullopt;
}

}  // namespace ntsbox::driver
