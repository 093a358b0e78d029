#pragma once
// Limits the log lines of one subject, so that a receiver whose state changes each minute does not
// fill the log. Changes in, lines out.

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace ntsbox::driver {

struct LogLine {
  std::string words;
  bool warning = false;  // a notice otherwise
};

/// A token bucket: `burst` lines at once, then one each `interval`. Changes in between are counted,
/// and the next line is that of the latest one with their number.
class LogLimit {
 public:
  static constexpr int burst = 6;
  static constexpr nanoseconds interval = 10min;

  /// A change. Returns the line to log now, empty when it is held back.
  [[nodiscard]] std::optional<LogLine> change(LogLine line, MonotonicTime now);

  /// To be called about once a second: the line of the changes that were held back, as soon as one
  /// is allowed. The latest change is logged an interval after it at the latest.
  [[nodiscard]] std::optional<LogLine> due(MonotonicTime now);

  /// The line of the changes that are held back, and forgets the lines before.
  [[nodiscard]] std::optional<LogLine> release(MonotonicTime now);

 private:
  [[nodiscard]] bool allows(MonotonicTime now) const;
  void count_line(MonotonicTime now);
  [[nodiscard]] std::optional<LogLine> take_held(MonotonicTime now);

  std::optional<MonotonicTime> quiet_from_;  // when `burst` lines are allowed again
  std::optional<LogLine> latest_;            // held back
  MonotonicTime latest_at_{};
  std::uint64_t held_ = 0;
};

}  // namespace ntsbox::driver
