#pragma once
// Is the receiver there, which one is it, has it a fix, and do its two accounts of time agree?

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "driver/core/decision.h"
#include "driver/core/gpsd_report.h"

namespace ntsbox::driver {

class ReceiverWatch {
 public:
  /// `device` is the path to follow, or "" for whichever single device speaks.
  explicit ReceiverWatch(std::string device);

  /// Each takes a report that came at `now`. False when it is another device's.
  bool take(const FixReport& fix, MonotonicTime now);
  bool take(const SkyReport& sky, MonotonicTime now);
  void take(const DeviceReport& devices);
  /// `burst` is when the receiver began to send, on CLOCK_MONOTONIC.
  bool take(const TimeReport& time, MonotonicTime burst, MonotonicTime now);

  /// Anything at all came from gpsd.
  void gpsd_spoke() { connected_ = true; }

  /// The connection to gpsd ended: what it said no longer holds.
  void gpsd_lost();

  /// Why the receiver's time may not be believed at `now`; empty when it may. Silence longer than
  /// `patience`, of any of its reports, is enough.
  [[nodiscard]] std::optional<Reason> doubt(MonotonicTime now, nanoseconds patience) const;

  [[nodiscard]] bool connected() const { return connected_; }

  /// The device that is followed; "" before any spoke.
  [[nodiscard]] const std::string& device() const { return speaker_; }

  /// 0 unknown, 1 none, 2 2D, 3 3D: as last told, for the status.
  [[nodiscard]] int fix_mode() const { return mode_; }

  [[nodiscard]] int satellites_used() const { return satellites_used_; }

 private:
  bool ours(std::string_view device, MonotonicTime now);
  void match(MonotonicTime now);
  void forget();

  std::string wanted_;
  std::string speaker_;
  std::optional<MonotonicTime> speaker_spoke_;
  std::optional<MonotonicTime> other_spoke_;  // a second device, beside the speaker

  bool connected_ = false;
  int mode_ = 0;
  int satellites_used_ = 0;
  bool leap_seconds_wrong_ = false;
  std::optional<MonotonicTime> any_fix_report_;

  struct Told {
    UtcInstant time;
    MonotonicTime when;
  };

  std::optional<Told> fix_;   // TPV with a fix, and when it came
  std::optional<Told> toff_;  // TOFF, and when its burst began
  std::optional<MonotonicTime> matched_;
};

}  // namespace ntsbox::driver
