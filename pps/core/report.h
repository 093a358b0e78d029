#pragma once
// The results as text (80 columns) and as one JSON object (times in ns).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pps/core/statistics.h"

namespace ntsbox::pps {

struct ComparisonReport {
  std::string a, b;  // the sources, as the user named them
  Comparison found;
};

[[nodiscard]] std::string in_words(const ComparisonReport& report);
[[nodiscard]] std::string in_json(const ComparisonReport& report);

struct GenerationReport {
  std::string output;
  bool real_time = false;         // it ran at real-time priority
  std::int64_t pulses = 0;        // made
  std::int64_t left_out = 0;      // not made, since too late
  std::int64_t withheld = 0;      // not made, since the clock was not synchronised
  std::vector<nanoseconds> late;  // of the last pulses: from the second until the line was set
  std::vector<nanoseconds> took;  // of the last pulses: to set the line
};

[[nodiscard]] std::string in_words(const GenerationReport& report);
[[nodiscard]] std::string in_json(const GenerationReport& report);

struct LoopbackReport {
  GenerationReport made;
  std::string source;
  std::optional<LoopbackLatency> latency;  // empty when too few pulses came back
};

/// The text has the lines to paste into ntsboxd.toml and chrony.conf.
[[nodiscard]] std::string in_words(const LoopbackReport& report);
[[nodiscard]] std::string in_json(const LoopbackReport& report);

}  // namespace ntsbox::pps
