#pragma once
// What ntsboxd tells of itself in its status file.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ntsbox {

/// One bin of a histogram.
struct JitterBin {
  std::string below;  // "3us"; "more" for the last
  std::int64_t recent = 0, total = 0;

  friend bool operator==(const JitterBin&, const JitterBin&) = default;
};

struct Feed {
  std::string version, state, summary, reason;
  std::optional<UtcSecond> written, since;  // by the system clock
  std::optional<UtcSecond> last_sample;     // true time
  std::int64_t pulses = 0, samples = 0, missed = 0;
  std::map<std::string, std::int64_t> refused;
  bool gpsd_connected = false;
  std::string gpsd_trouble;
  std::string device;
  std::int64_t fix_mode = 0, satellites = 0;
  std::string pps_source;
  bool pps_open = false;
  std::optional<bool> pulses_come;
  std::string pps_trouble;
  std::vector<JitterBin> jitter;  // the narrowest bin first
  std::optional<bool> takes_samples;
  std::string chrony_trouble;
};

/// Empty for what is no status file.
[[nodiscard]] std::optional<Feed> parse_feed(std::string_view status);

/// What to do about a reason of docs/event-log.md; empty for an unknown one.
[[nodiscard]] std::string_view cure_for(std::string_view reason);

}  // namespace ntsbox
