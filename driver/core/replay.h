#pragma once
// `ntsboxd --replay`: an event log in, decisions out, by the same bridge as the daemon's. Nothing
// else is read: no clock, no settings, no state.

#include <cstddef>
#include <string>
#include <string_view>

#include "driver/core/bridge.h"
#include "driver/core/event_log.h"

namespace ntsbox::driver {

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
