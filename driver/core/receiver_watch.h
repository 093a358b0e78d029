#pragma once
// Which receiver is followed, has it a fix, do its fix (TPV) and its time (TOFF) agree, and when
// did the burst of its messages begin?

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
  /// `stamp` is when gpsd had the time, on CLOCK_MONOTONIC.
  bool on_time(const TimeReport& time, MonotonicTime stamp, MonotonicTime now);

  /// gpsd sent a TOFF. Returns whether it had withheld one: fixes of two cycles came since the
  /// last.
  bool on_toff(MonotonicTime now);

  void on_sentence(const SentenceReport& sentence, MonotonicTime now);

  /// The time of the last fix beside the begin of its burst, where gpsd withholds TOFF and the
  /// sentences show both: they have a valid fix, and a silence before them.
  struct SentenceTime {
    UtcInstant time;
    MonotonicTime begin;
  };

  [[nodiscard]] std::optional<SentenceTime> time_without_toff(MonotonicTime now) const;

  /// A line of any kind came from gpsd.
  void on_gpsd_line() { connected_ = true; }

  /// The connection to gpsd ended: its earlier reports no longer count.
  void on_gpsd_lost();

  /// Why the receiver's time cannot be used at `now`; empty when it can. It cannot when one of its
  /// reports has been missing for longer than `patience`.
  [[nodiscard]] std::optional<Reason> reason_against(MonotonicTime now, nanoseconds patience) const;

  /// When the burst of the last TOFF can have begun at the earliest: TOFF has the time of the first
  /// message *with a time*, and others may have come before it.
  [[nodiscard]] MonotonicTime earliest_begin() const;

  /// Whether the receiver's first fix is at most a quarter of an hour ago: it may still correct its
  /// leap seconds.
  [[nodiscard]] bool is_young(MonotonicTime now) const;

  [[nodiscard]] bool connected() const { return connected_; }

  /// The device that is followed; "" before the first report.
  [[nodiscard]] const std::string& device() const { return device_; }

  /// 0 unknown, 1 none, 2 2D, 3 3D: as last reported, for the status.
  [[nodiscard]] int fix_mode() const { return mode_; }

  [[nodiscard]] int satellites_used() const { return satellites_used_; }

 private:
  bool is_followed(std::string_view device, MonotonicTime now);
  void compare_times(MonotonicTime now);
  void note_leading(MonotonicTime now);
  [[nodiscard]] nanoseconds between_bursts() const;
  void note_line(MonotonicTime now);
  [[nodiscard]] bool sentences_show_fix(MonotonicTime now) const;
  void note_interval(const UtcInstant& time, MonotonicTime now);
  void forget();
  [[nodiscard]] std::optional<Reason> reason_of_fix(MonotonicTime now, nanoseconds patience) const;
  [[nodiscard]] std::optional<Reason> reason_of_time(MonotonicTime now, nanoseconds patience) const;
  [[nodiscard]] bool is_too_slow(MonotonicTime now) const;

  std::string configured_device_;
  std::string device_;
  std::optional<MonotonicTime> device_seen_;
  std::optional<MonotonicTime> other_device_seen_;  // a second device, at the same time
  std::optional<MonotonicTime> first_fix_;

  struct Report {
    UtcInstant time;
    MonotonicTime when;
  };

  bool connected_ = false;
  int mode_ = 0;
  int satellites_used_ = 0;
  bool leap_seconds_wrong_ = false;
  std::optional<MonotonicTime> fix_report_seen_;
  std::optional<MonotonicTime> fix_seen_;       // TPV with a real fix, with or without a time
  std::optional<MonotonicTime> fix_lost_;       // TPV without one, since the last with one
  std::optional<MonotonicTime> simulated_;      // TPV of a fix that no satellite gave
  std::optional<MonotonicTime> unknown_timed_;  // TPV of mode 0 with a time
  std::optional<Report> fix_;                   // TPV with a fix and a time
  int long_intervals_ = 0;                      // in a row, between the times of TPVs
  nanoseconds interval_ = 1s;  // between the times of the last two TPVs, a second at most

  std::optional<Report> toff_;             // TOFF, and gpsd's stamp
  std::optional<UtcInstant> latest_toff_;  // the latest time that any TOFF had
  std::optional<MonotonicTime> consistent_at_;
  std::optional<MonotonicTime> sentence_seen_;
  std::optional<MonotonicTime> line_seen_;  // a sentence or a TOFF
  std::optional<MonotonicTime> burst_;      // the first of them after the longest silence
  nanoseconds burst_silence_{};             // before it
  std::optional<nanoseconds> burst_time_;   // of day, of its last RMC with a valid fix
  int burst_times_ = 0;  // how many of its RMCs have another one than the RMC before them
  std::optional<MonotonicTime> burst_void_;  // the last burst with a sentence without a fix
  bool fix_is_new_ = false;                  // the last TPV had a time that none before it had
  std::optional<MonotonicTime> real_toff_seen_;
  std::optional<MonotonicTime> cycle_seen_;  // the first TPV of a cycle
  int cycles_since_toff_ = 0;
  std::optional<MonotonicTime> led_;    // a report that may be of the next burst
  std::optional<MonotonicTime> begin_;  // when the burst of the last TOFF can have begun
};

}  // namespace ntsbox::driver
