#include "driver/core/receiver_watch.h"

#include <utility>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

// gpsd's cycle is shorter than this, whatever the line's speed.
constexpr nanoseconds longest_cycle = 2s;
// How long a device must be silent before another one is followed, and how long a second device is
// remembered.
constexpr nanoseconds handover = 3s;
constexpr nanoseconds longest_overlap = 10s;
// gpsd's STATUS_DR, without any satellite, and STATUS_SIM.
constexpr int status_reckoned = 5;
constexpr int status_simulated = 8;

bool recent(const std::optional<MonotonicTime>& when, MonotonicTime now, nanoseconds limit) {
  return when && difference(now, *when) <= limit;
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
    device_ = device;
  }
  device_seen_ = now;
  return true;
}

bool ReceiverWatch::on_fix(const FixReport& fix, MonotonicTime now) {
  if (!is_followed(fix.device, now)) return false;
  fix_report_seen_ = now;
  const bool real = fix.status != status_reckoned && fix.status != status_simulated;
  mode_ = real ? fix.mode : 0;
  if (mode_ < 2) {
    fix_.reset();
    consistent_at_.reset();
  } else if (fix.time) {
    fix_ = {*fix.time, now};
    leap_seconds_wrong_ =
        fix.leap_seconds && !leap_seconds_plausible(*fix.leap_seconds, fix.time->second);
    compare_times(now);
  }
  return true;
}

bool ReceiverWatch::on_time(const TimeReport& time, MonotonicTime burst, MonotonicTime now) {
  if (!is_followed(time.device, now)) return false;
  toff_ = {time.real, burst};
  compare_times(now);
  return true;
}

bool ReceiverWatch::on_sky(const SkyReport& sky, MonotonicTime now) {
  if (!is_followed(sky.device, now)) return false;
  satellites_used_ = sky.satellites_used;
  return true;
}

void ReceiverWatch::on_devices(const DeviceReport& devices) {
  const bool gone =
      devices.whole_list ? devices.count == 0 : !devices.active && devices.device == device_;
  if (gone) forget();
}

/// TPV and TOFF belong to one epoch when they have the same second and the burst began before
/// gpsd's cycle ended.
void ReceiverWatch::compare_times(MonotonicTime now) {
  if (!fix_ || !toff_ || fix_->time.second != toff_->time.second) return;
  const auto cycle = difference(fix_->when, toff_->when);
  if (cycle >= -100ms && cycle <= longest_cycle) consistent_at_ = now;
}

void ReceiverWatch::on_gpsd_lost() {
  connected_ = false;
  forget();
}

void ReceiverWatch::forget() {
  mode_ = 0;
  satellites_used_ = 0;
  device_seen_.reset();
  other_device_seen_.reset();
  fix_report_seen_.reset();
  fix_.reset();
  toff_.reset();
  consistent_at_.reset();
}

std::optional<Reason> ReceiverWatch::reason_against(MonotonicTime now, nanoseconds patience) const {
  if (!connected_) return Reason::no_gpsd;
  if (recent(other_device_seen_, now, longest_overlap)) return Reason::several_receivers;
  if (!recent(fix_report_seen_, now, patience)) return Reason::no_receiver;
  if (!fix_ || !recent(fix_->when, now, patience)) return Reason::no_fix;
  if (!toff_ || !recent(toff_->when, now, patience)) return Reason::no_second;
  if (!recent(consistent_at_, now, patience)) return Reason::time_mismatch;
  if (leap_seconds_wrong_) return Reason::leap_seconds;
  return std::nullopt;
}

}  // namespace ntsbox::driver
