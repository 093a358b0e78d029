#pragma once
// The event log: JSON Lines that record what the loop saw (docs/event-log.md), and their replay:
// decisions out, by the same bridge as the daemon's.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "driver/core/bridge.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// A fresh beginning in the log; what is absent is the program's own.
struct LogStart {
  std::optional<UtcSecond> earliest_date;
  std::optional<bool> witness;
  std::optional<std::string> device;
  std::optional<LatenessMode> lateness;
  LeapTable leaps;
};

/// An event, with a pulse's stamp also as it was written.
struct LogEvent {
  Event event;
  std::string_view stamp_text;
};

/// A blank line, or an event of a kind that this version does not know.
struct LogNothing {};

using LogEntry = std::variant<LogNothing, LogStart, LogEvent>;

class EventLogReader {
 public:
  EventLogReader();

  /// One line of the log. Fails when it is malformed, in words. What the entry points to lives
  /// until the next call.
  Result<LogEntry> read(std::string_view line);

 private:
  JsonParser json_;
  GpsdReportParser reports_;
  std::vector<std::pair<std::string_view, JsonValue>> members_;  // of the line
};

/// Each gives one line of the log, with its line feed.
[[nodiscard]] std::string log_start(const Reading& at, const BridgeOptions& options);
[[nodiscard]] std::string log_gpsd_line(const Reading& at, std::string_view line);
/// Any event but a gpsd report (whose line is what is recorded).
[[nodiscard]] std::string log_event(const Event& event);

/// `ntsboxd --replay`. Nothing is read but the log: no clock, no settings, no state.
class Replay {
 public:
  Replay();

  /// Takes the next line of the log and appends its decisions to `out`, a JSON line each. Fails
  /// when the line is malformed; the error names its number.
  Result<void> line(std::string_view text, std::string& out);

  /// The last line: sums over all of the log.
  [[nodiscard]] std::string summary() const;

 private:
  void start(const LogStart& start);

  EventLogReader reader_;
  Bridge bridge_;
  Counters before_;  // of the beginnings before this one
  std::size_t number_ = 0;
};

/// One decision about a pulse as a JSON line. `stamp` is the stamp's text as it came.
void append_decision(std::string& out, const Decision& decision, std::string_view stamp,
                     const Pulse& pulse);
void append_state(std::string& out, State state, MonotonicTime since);

}  // namespace ntsbox::driver
