#include "driver/core/receiver_watch.h"

#include <utility>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

// gpsd's cycle is shorter than this, whatever the line's speed.
constexpr nanoseconds longest_cycle = 2s;
// How long a device's silence makes room for another one, and how long two of them are a doubt.
constexpr nanoseconds handover = 3s;
constexpr nanoseconds rivalry = 10s;
// gpsd's STATUS_DR, without any satellite, and STATUS_SIM.
constexpr int status_reckoned = 5;
constexpr int status_simulated = 8;

bool recent(const std::optional<MonotonicTime>& when, MonotonicTime now, nanoseconds limit) {
  return when && difference(now, *when) <= limit;
}

}  // namespace

ReceiverWatch::ReceiverWatch(std::string device) : wanted_(std::move(device)) {}

bool ReceiverWatch::ours(std::string_view device, MonotonicTime now) {
  if (!wanted_.empty() && device != wanted_) return false;
  // A report that names no device is the only device's.
  if (device != speaker_ && !device.empty()) {
    if (recent(speaker_spoke_, now, handover)) {
      other_spoke_ = now;
      return false;
    }
    forget();
    speaker_ = device;
  }
  speaker_spoke_ = now;
  return true;
}

bool ReceiverWatch::take(const FixReport& fix, MonotonicTime now) {
  if (!ours(fix.device, now)) return false;
  any_fix_report_ = now;
  const bool real = fix.status != status_reckoned && fix.status != status_simulated;
  mode_ = real ? fix.mode : 0;
  if (mode_ < 2) {
    fix_.reset();
    matched_.reset();
  } else if (fix.time) {
    fix_ = {*fix.time, now};
    leap_seconds_wrong_ =
        fix.leap_seconds && !leap_seconds_may_be(*fix.leap_seconds, fix.time->second);
    match(now);
  }
  return true;
}

bool ReceiverWatch::take(const TimeReport& time, MonotonicTime burst, MonotonicTime now) {
  if (!ours(time.device, now)) return false;
  toff_ = {time.real, burst};
  match(now);
  return true;
}

bool ReceiverWatch::take(const SkyReport& sky, MonotonicTime now) {
  if (!ours(sky.device, now)) return false;
  satellites_used_ = sky.satellites_used;
  return true;
}

void ReceiverWatch::take(const DeviceReport& devices) {
  const bool gone =
      devices.whole_list ? devices.count == 0 : !devices.active && devices.device == speaker_;
  if (gone) forget();
}

/// TPV and TOFF tell of one epoch: the same second, and the burst began before gpsd's cycle ended.
void ReceiverWatch::match(MonotonicTime now) {
  if (!fix_ || !toff_ || fix_->time.second != toff_->time.second) return;
  const auto cycle = difference(fix_->when, toff_->when);
  if (cycle >= -100ms && cycle <= longest_cycle) matched_ = now;
}

void ReceiverWatch::gpsd_lost() {
  connected_ = false;
  forget();
}

void ReceiverWatch::forget() {
  mode_ = 0;
  satellites_used_ = 0;
  speaker_spoke_.reset();
  other_spoke_.reset();
  any_fix_report_.reset();
  fix_.reset();
  toff_.reset();
  matched_.reset();
}

std::optional<Reason> ReceiverWatch::doubt(MonotonicTime now, nanoseconds patience) const {
  if (!connected_) return Reason::no_gpsd;
  if (recent(other_spoke_, now, rivalry)) return Reason::several_receivers;
  if (!recent(any_fix_report_, now, patience)) return Reason::no_receiver;
  if (!fix_ || !recent(fix_->when, now, patience)) return Reason::no_fix;
  if (!toff_ || !recent(toff_->when, now, patience)) return Reason::no_second;
  if (!recent(matched_, now, patience)) return Reason::time_mismatch;
  if (leap_seconds_wrong_) return Reason::leap_seconds;
  return std::nullopt;
}

}  // namespace ntsbox::driver
