#pragma once
// Health leaves by the side door: one log line a change, STATUS= and the watchdog for systemd, the
// status file for everybody else.

#include <optional>
#include <string>

#include "driver/core/health.h"
#include "driver/io/notify.h"

namespace ntsbox::driver {

class Reporter {
 public:
  explicit Reporter(Notify notify) : notify_(std::move(notify)) {}

  void status_file(const std::string& path) { status_file_ = path; }

  /// The state changed: one log line, STATUS= and the status file.
  void changed(const Health& health, const Reading& at);

  /// Once a second, from a loop that is well: feeds the watchdog, keeps STATUS= and the status file
  /// current, and logs what stands in the way once that has lasted a while.
  void tick(const Health& health, const Reading& at);

  void ready();
  void reloading(MonotonicTime now);
  void stopping();

 private:
  void tell(const std::string& headline);
  void write_status(const Health& health, const Reading& at);

  Notify notify_;
  std::string status_file_;
  std::string told_;  // STATUS= as last sent
  std::optional<HeadlineKey> logged_;
  std::optional<HeadlineKey> candidate_;  // has yet to last
  std::optional<MonotonicTime> candidate_since_;
  std::optional<MonotonicTime> status_written_;
  std::optional<MonotonicTime> watchdog_fed_;
  bool status_failed_ = false;
};

}  // namespace ntsbox::driver
