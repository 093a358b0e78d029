#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace ntsbox {

/// Where tzdata keeps the table of leap seconds.
inline constexpr char leap_table_path[] = "/usr/share/zoneinfo/leap-seconds.list";

/// Until when a table of leap seconds (leap-seconds.list of the IERS) is good; empty when it does
/// not say.
[[nodiscard]] std::optional<UtcSecond> end_of_leap_table(std::string_view table);

}  // namespace ntsbox
