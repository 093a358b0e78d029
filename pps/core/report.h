#pragma once
// What was measured, for people (80 columns) and for programs (one JSON object, times in ns).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pps/core/echo.h"
#include "pps/core/pairing.h"

namespace ntsbox::pps {

struct ComparisonReport {
  std::string a, b;  // the sources, as their owner names them
  Comparison found;
};

[[nodiscard]] std::string in_words(const ComparisonReport& report);
[[nodiscard]] std::string in_json(const ComparisonReport& report);

struct GenerationReport {
  std::string output;
  bool real_time = false;         // whether it ran at real-time priority
  std::int64_t pulses = 0;        // made
  std::int64_t left_out = 0;      // too late to be made
  std::int64_t withheld = 0;      // the clock was not synchronised
  std::vector<nanoseconds> late;  // of the last pulses: from the second until the line was set
  std::vector<nanoseconds> took;  // of those: to set the line
};

[[nodiscard]] std::string in_words(const GenerationReport& report);
[[nodiscard]] std::string in_json(const GenerationReport& report);

struct EchoReport {
  GenerationReport made;
  std::string source;
  std::optional<EchoLatency> latency;  // empty for too few echoes
};

/// With the lines to paste into ntsboxd.toml and chrony.conf.
[[nodiscard]] std::string in_words(const EchoReport& report);
[[nodiscard]] std::string in_json(const EchoReport& report);

}  // namespace ntsbox::pps
