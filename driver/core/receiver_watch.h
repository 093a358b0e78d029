#pragma once
// Which receiver is followed, has it a fix, and do its fix (TPV) and its time (TOFF) agree?

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "driver/core/decision.h"
#include "driver/core/gpsd_report.h"

namespace ntsbox::driver {

class ReceiverWatch {
 public:
  /// `device` is the path to follow, or "" for the only device that sends reports.
  explicit ReceiverWatch(std::string device);

  /// Each takes a report that came at `now`, and returns false when it is another device's.
  bool on_fix(const FixReport& fix, MonotonicTime now);
  bool on_sky(const SkyReport& sky, MonotonicTime now);
  void on_devices(const DeviceReport& devices);
  /// `burst` is when the receiver began to send, on CLOCK_MONOTONIC.
  bool on_time(const TimeReport& time, MonotonicTime burst, MonotonicTime now);

  /// A line of any kind came from gpsd.
  void on_gpsd_line() { connected_ = true; }

  /// The connection to gpsd ended: its earlier reports no longer count.
  void on_gpsd_lost();

  /// Why the receiver's time cannot be used at `now`; empty when it can. It cannot when one of its
  /// reports has been missing for longer than `patience`.
  [[nodiscard]] std::optional<Reason> reason_against(MonotonicTime now, nanoseconds patience) const;

  [[nodiscard]] bool connected() const { return connected_; }

  /// The device that is followed; "" before the first report.
  [[nodiscard]] const std::string& device() const { return device_; }

  /// 0 unknown, 1 none, 2 2D, 3 3D: as last reported, for the status.
  [[nodiscard]] int fix_mode() const { return mode_; }

  [[nodiscard]] int satellites_used() const { return satellites_used_; }

 private:
  bool is_followed(std::string_view device, MonotonicTime now);
  void compare_times(MonotonicTime now);
  void forget();

  std::string configured_device_;
  std::string device_;
  std::optional<MonotonicTime> device_seen_;
  std::optional<MonotonicTime> other_device_seen_;  // a second device, at the same time

  bool connected_ = false;
  int mode_ = 0;
  int satellites_used_ = 0;
  bool leap_seconds_wrong_ = false;
  std::optional<MonotonicTime> fix_report_seen_;

  struct Report {
    UtcInstant time;
    MonotonicTime when;
  };

  std::optional<Report> fix_;   // TPV with a fix, and when it came
  std::optional<Report> toff_;  // TOFF, and when its burst began
  std::optional<MonotonicTime> consistent_at_;
};

}  // namespace ntsbox::driver
