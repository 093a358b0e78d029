#pragma once
// What the owner is told: log lines, STATUS=, the status file. Values in, words out.

#include <optional>
#include <string>
#include <string_view>

#include "contract/status_file.h"
#include "driver/core/bridge.h"
#include "driver/core/jitter.h"
#include "driver/core/settings.h"

namespace ntsbox::driver {

/// All that the status tells, gathered by the loop.
struct Health {
  State state = State::waiting;
  SystemTime since{};           // the system clock when the state began
  std::optional<Reason> doubt;  // what stands in the way of samples
  std::optional<int> suspected_rollovers;
  bool pulses_come = false;
  const Counters* counters = nullptr;
  const Jitter* jitter = nullptr;  // nothing is told of it without
  std::optional<Sample> last_sample;
  bool gpsd_connected = false;
  std::string gpsd_trouble;  // in words, while not connected
  std::string device;
  int fix_mode = 0;
  int satellites_used = 0;
  std::string pulse_source;
  bool pulse_source_open = false;
  std::string pulse_trouble;
  std::string sink;
  std::optional<bool> sink_takes;  // empty before the first sample
  std::string sink_trouble;
  Latency latency;
  LatenessMode lateness = LatenessMode::raw;
  double lateness_share = 0;  // how much of the line's correction is applied, 0 to 1
};

/// What makes one headline differ from another; its words may change meanwhile, as a retry fails
/// for another cause than the last.
struct Plot {
  State state = State::waiting;
  std::optional<Reason> doubt;
  bool pulses_come = false;

  friend bool operator==(const Plot&, const Plot&) = default;
};

[[nodiscard]] Plot plot_of(const Health& health);

/// One line for the log and for STATUS=: the state and what to do: "HOLD: gpsd has no fix: is ...".
[[nodiscard]] std::string headline(const Health& health);

/// What the status file holds.
[[nodiscard]] DaemonStatus status_of(const Health& health, SystemTime written);

}  // namespace ntsbox::driver
