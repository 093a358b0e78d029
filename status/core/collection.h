#pragma once
// What only root is told, kept in a file for everybody. Who the clients are stays with root: only
// their number is kept.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::status {

struct Collection {
  UtcSecond written{};                            // by the system clock
  std::string selectdata, authdata, serverstats;  // chronyc -c
  std::int64_t clients = 0;
  std::string certificate;  // PEM, that which chronyd serves; empty: there is none

  friend bool operator==(const Collection&, const Collection&) = default;
};

[[nodiscard]] std::string to_json(const Collection& collection);

/// Empty for what is no such file.
[[nodiscard]] std::optional<Collection> parse_collection(std::string_view text);

}  // namespace ntsbox::status
