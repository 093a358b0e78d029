#pragma once
// The event log: JSON Lines that record what the loop saw, and replay it (docs/event-log.md).

#include <optional>
#include <string>
#include <string_view>
#include <variant>

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
};

/// Each gives one line of the log, with its line feed.
[[nodiscard]] std::string log_start(const Reading& at, const BridgeOptions& options);
[[nodiscard]] std::string log_gpsd_line(const Reading& at, std::string_view line);
/// Any event but a gpsd report (whose line is what is recorded).
[[nodiscard]] std::string log_event(const Event& event);

}  // namespace ntsbox::driver
