#pragma once
// The source of the pulses, and what to do about late ones, as settings and command lines name
// them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace ntsbox {

enum class CaptureEdge { assert, clear };

/// The kernel's PPS device, by path (RFC 2783).
struct PpsSource {
  std::string path = "/dev/pps0";
  CaptureEdge edge = CaptureEdge::assert;

  friend bool operator==(const PpsSource&, const PpsSource&) = default;
};

/// A pin of a PTP hardware clock that stamps external edges (linux/ptp_clock.h).
struct PhcSource {
  std::string path = "/dev/ptp0";
  unsigned pin = 0;
  CaptureEdge edge = CaptureEdge::assert;

  friend bool operator==(const PhcSource&, const PhcSource&) = default;
};

/// A program that writes edges on a Unix stream socket, by path (docs/event-log.md, "Pulse
/// streams").
struct StreamSource {
  std::string path;

  friend bool operator==(const StreamSource&, const StreamSource&) = default;
};

using PulseSource = std::variant<PpsSource, PhcSource, StreamSource>;

/// "/dev/..." (the assert edge), "phc:/dev/ptpN:PIN" or "stream:" and the absolute path of a
/// socket. No other letters pass than those that need no care in a file that is rendered from them.
/// Fails with what is wrong: "must be an absolute path".
[[nodiscard]] Result<PulseSource> pulse_source(std::string_view text);
inline constexpr std::string_view pulse_source_shape =
    R"(a PPS device, as "/dev/pps0"; a pin of a PTP hardware clock, as "phc:/dev/ptp0:0"; or "stream:" and the absolute path of a socket of at most 107 bytes; of letters, digits and ._/:+-)";

/// The inverse of pulse_source, less the edge.
[[nodiscard]] std::string name_of(const PulseSource& source);

/// False for a stream, which has no edges to choose from.
bool choose_edge(PulseSource& source, CaptureEdge edge);

/// A letter, a digit or one of ._/:+-
[[nodiscard]] bool is_path_letter(char c);

/// What is wrong with an absolute path of letters, digits and ._/:+- that has no empty, "." or ".."
/// part; "" when nothing is.
[[nodiscard]] std::string path_fault(std::string_view path, std::size_t longest);
inline constexpr std::size_t longest_device_path = 200;
inline constexpr std::size_t longest_socket_path = 107;  // unix(7), sun_path less its NUL

/// What ntsboxd does about pulses that the machine stamps late (docs/accuracy.md).
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
