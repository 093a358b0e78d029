#pragma once
// What ntsboxd does about pulses that the machine stamps late (docs/accuracy.md).

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ntsbox {

enum class LatenessMode : std::uint8_t {
  raw,        // nothing: a pulse goes out as it was stamped
  clip,       // cut what is later than usual; an ordinary pulse is not touched
  line,       // replace each stamp by the line under the earliest ones
  automatic,  // line as far as lateness is one-sided, raw where it is symmetric: "auto"
};

/// "raw", "clip", "line", "auto".
[[nodiscard]] constexpr std::string_view name_of(LatenessMode mode) {
  constexpr std::array<std::string_view, 4> names{"raw", "clip", "line", "auto"};
  return names.at(static_cast<std::size_t>(mode));
}

[[nodiscard]] constexpr std::optional<LatenessMode> lateness_mode(std::string_view name) {
  for (const auto mode :
       {LatenessMode::raw, LatenessMode::clip, LatenessMode::line, LatenessMode::automatic})
    if (name == name_of(mode)) return mode;
  return std::nullopt;
}

/// Users are offered these alone; ntsboxd reads the others, too, in its settings and in event logs.
[[nodiscard]] constexpr bool is_offered(LatenessMode mode) {
  return mode == LatenessMode::raw || mode == LatenessMode::automatic;
}

inline constexpr std::string_view lateness_modes_offered = R"("raw" or "auto")";

}  // namespace ntsbox
