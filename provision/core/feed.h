#pragma once
// What ntsboxd tells of itself in its status file.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::provision {

struct Feed {
  std::string version, state, summary, reason;
  std::optional<UtcSecond> written, since;  // by the system clock
  std::int64_t pulses = 0, samples = 0;
  std::map<std::string, std::int64_t> refused;
  bool gpsd_connected = false;
  std::string gpsd_trouble;
  std::string device;
  std::int64_t fix_mode = 0, satellites = 0;
  bool pps_open = false;
  std::optional<bool> pulses_come;
  std::string pps_trouble;
  std::optional<bool> takes_samples;
  std::string chrony_trouble;
};

/// Empty for what is no status file.
[[nodiscard]] std::optional<Feed> parse_feed(std::string_view status);

}  // namespace ntsbox::provision
