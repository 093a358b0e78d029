#pragma once
// A line of a pulse stream: "SECONDS.NNNNNNNNN SEQUENCE" (docs/event-log.md).

#include <cstddef>
#include <optional>
#include <string_view>

#include "driver/core/event.h"

namespace ntsbox::driver {

/// A longer line is none of ours.
inline constexpr std::size_t longest_pulse_line = 128;

/// The edge that `line`, without its line feed, tells; empty for any other text.
[[nodiscard]] std::optional<Pulse> parse_pulse_line(std::string_view line);

}  // namespace ntsbox::driver
