#pragma once
// What the daemon reports to its owner: log lines, STATUS= and the status file. Values in, text
// out.

#include <optional>
#include <string>
#include <string_view>

#include "contract/status_file.h"
#include "driver/core/bridge.h"
#include "driver/core/jitter.h"
#include "driver/core/settings.h"

namespace ntsbox::driver {

/// All that is reported, gathered by the loop.
struct Health {
  State state = State::waiting;
  SystemTime since{};              // the system clock when the state began
  std::optional<Reason> obstacle;  // why no sample can be sent
  std::optional<int> suspected_rollovers;
  std::optional<nanoseconds> message_delay;  // after the pulse, while that is the obstacle
  bool pulses_come = false;
  const Counters* counters = nullptr;
  const Jitter* jitter = nullptr;  // not reported without
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

/// Two headlines with the same key count as the same one, though their texts may differ: a retry
/// may fail for another cause than the one before.
struct HeadlineKey {
  State state = State::waiting;
  std::optional<Reason> obstacle;
  bool pulses_come = false;

  friend bool operator==(const HeadlineKey&, const HeadlineKey&) = default;
};

[[nodiscard]] HeadlineKey headline_key(const Health& health);

/// One line for the log and for STATUS=: the state and what to do: "HOLD: gpsd has no fix: is ...".
[[nodiscard]] std::string headline(const Health& health);

/// What the status file holds.
[[nodiscard]] DaemonStatus status_of(const Health& health, SystemTime written);

}  // namespace ntsbox::driver
