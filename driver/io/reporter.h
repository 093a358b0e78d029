#pragma once
// How the daemon reports its health: log lines, limited for each subject, STATUS= and the watchdog
// for systemd, the status file, and the history.

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "driver/core/health.h"
#include "driver/core/history.h"
#include "driver/core/log_limit.h"
#include "posix/daily_file.h"
#include "posix/file.h"

namespace ntsbox::driver {

/// systemd's notification protocol (sd_notify(3), systemd.service(5) Type=notify), implemented
/// here: it is stable, and its library would load five others into the process.
///
/// Sends nothing when the daemon was not started by systemd. Never blocks; a message that cannot be
/// sent is lost.
class Notify {
 public:
  /// Takes the environment variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  Notify(const std::optional<std::string>& socket, const std::optional<std::string>& watchdog_usec,
         const std::optional<std::string>& watchdog_pid);

  void ready() const { send("READY=1"); }

  /// One line for `systemctl status`; control characters become spaces.
  void status(std::string_view line) const;

  void watchdog() const { send("WATCHDOG=1"); }

  void stopping() const { send("STOPPING=1"); }

  /// To be followed by ready() once it is done. `now` is the present, CLOCK_MONOTONIC.
  void reloading(MonotonicTime now) const;

  /// Within which systemd expects watchdog(); empty when it does not watch this process.
  [[nodiscard]] std::optional<nanoseconds> watchdog_interval() const { return watchdog_; }

 private:
  void send(const std::string& message) const;

  UniqueFd socket_;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::optional<nanoseconds> watchdog_;
};

/// What a log line is about. The lines of each are limited by themselves.
enum class Subject : std::uint8_t { state, gpsd, pulses, sink, status_file, history };
inline constexpr std::size_t subject_count = 6;

class Reporter {
 public:
  explicit Reporter(Notify notify) : notify_(std::move(notify)) {}

  /// Where to write from now on: "" for no status file, "" or 0 days for no history.
  void begin(const std::string& status_file, const std::string& state_folder, int history_days);

  /// For the history: a decision, and how far off the pulse before it was, where that was judged.
  void take(const Decision& decision, std::optional<nanoseconds> jitter) {
    history_.take(decision, jitter);
  }

  /// For the history: the whole sky.
  void take(std::span<const Satellite> sky) { history_.take(sky); }

  /// Logs a change, at once or later with the number of changes that were held back (LogLimit).
  void note(Subject subject, LogLine line, MonotonicTime now);

  /// Logs what was held back; the limits begin anew.
  void release_log(MonotonicTime now);

  /// The state changed: logs it as note() does, sends STATUS= and writes the status file.
  void changed(const Health& health, const Reading& at);

  /// Once a second: notifies the watchdog, updates STATUS=, the status file and the history, logs
  /// the reason why no sample is sent once it has lasted a while, and what was held back once that
  /// is allowed.
  void tick(const Health& health, const Reading& at);

  /// Writes the history to its end, whether a minute is over or not, and logs what was held back.
  void finish(const Health& health, const Reading& at);

  [[nodiscard]] const Notify& systemd() const { return notify_; }

 private:
  void send_status(const std::string& headline);
  void write_status(const Health& health, const Reading& at);
  void write_history(const Health& health, const Reading& at);
  void log_history(const Result<bool>& written, MonotonicTime now);

  Notify notify_;
  std::array<LogLimit, subject_count> limits_;
  std::string status_file_;
  std::string sent_status_;  // STATUS= as last sent
  std::optional<HeadlineKey> logged_;
  std::optional<HeadlineKey> candidate_;  // has yet to last
  std::optional<MonotonicTime> candidate_since_;
  std::optional<MonotonicTime> status_written_;
  std::optional<MonotonicTime> watchdog_fed_;
  bool status_failed_ = false;
  History history_;
  std::optional<DailyFile> history_file_;
  bool history_failed_ = false;
};

}  // namespace ntsbox::driver
