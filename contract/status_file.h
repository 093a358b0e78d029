#pragma once
// The status file of ntsboxd: what it holds, how it is written and how it is read. docs/units.md
// has the units of its members.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "contract/pulse_source.h"
#include "contract/reason.h"

namespace ntsbox {

/// One bin of the histogram of how far off the pulses were.
struct JitterBin {
  std::string below;  // "3us"; "more" for the last
  std::int64_t recent = 0, total = 0;

  friend bool operator==(const JitterBin&, const JitterBin&) = default;
};

struct LastSample {
  UtcSecond second{};
  nanoseconds offset{};  // true time minus the system clock's
  nanoseconds correction{};

  friend bool operator==(const LastSample&, const LastSample&) = default;
};

struct DaemonStatus {
  std::string version;
  std::optional<UtcSecond> written;  // by the system clock
  State state = State::waiting;
  std::optional<UtcSecond> since;  // by the system clock: when the state began
  std::string summary;             // one line
  std::optional<Reason> reason;    // why no samples are sent
  std::optional<LastSample> last_sample;
  std::int64_t pulses = 0, samples = 0, missed = 0;
  Refusals refused{};
  std::vector<JitterBin> jitter;  // the narrowest bin first; may be empty
  bool gpsd_connected = false;
  std::string gpsd_trouble;  // why not
  std::string device;        // of the receiver, as gpsd names it
  std::int64_t fix_mode = 0, satellites = 0;
  std::string pulse_source;
  bool pulse_source_open = false;
  std::optional<bool> pulses_come;
  std::string pulse_trouble;
  std::string sink;
  std::optional<bool> takes_samples;  // empty before the first sample
  std::string sink_trouble;
  LatenessMode lateness = LatenessMode::raw;
  double lateness_share = 0;  // how much of the correction is applied, 0 to 1
  nanoseconds latency{}, latency_uncertainty{};

  friend bool operator==(const DaemonStatus&, const DaemonStatus&) = default;
};

/// One JSON object, a member a line.
[[nodiscard]] std::string to_json(const DaemonStatus& status);

/// Empty for what is no status file. Members that are absent keep their defaults.
[[nodiscard]] std::optional<DaemonStatus> parse_status(std::string_view text);

/// The refusals that occurred: {"no-fix":3}.
[[nodiscard]] std::string refusals_json(const Refusals& refused);

}  // namespace ntsbox
