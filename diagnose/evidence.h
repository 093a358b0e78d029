#pragma once
// What the checks of a server's time look at: texts as other programs wrote them. The programs
// gather them in their io.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::diagnose {

/// What chronyd answers to root alone, and the certificate that it serves. ntsbox-status.timer
/// keeps it in a file for everybody; who the clients are stays with root, only their number is
/// kept.
struct Collection {
  UtcSecond written{};                            // by the system clock
  std::string selectdata, authdata, serverstats;  // chronyc -c
  std::int64_t clients = 0;
  std::string certificate;  // PEM; empty: there is none

  friend bool operator==(const Collection&, const Collection&) = default;
};

[[nodiscard]] std::string to_json(const Collection& collection);

/// Empty for what is no such file.
[[nodiscard]] std::optional<Collection> parse_collection(std::string_view text);

struct Evidence {
  SystemTime now{};
  bool chronyc_there = true;            // it is installed
  std::optional<std::string> status;    // ntsboxd's status file
  std::optional<std::string> tracking;  // chronyc -c; empty: no answer
  std::optional<std::string> sources;
  std::optional<Collection> collection;
  std::optional<std::string> leap_table;
};

}  // namespace ntsbox::diagnose
