#pragma once
// Where edges come from, as its owner names it.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ntsbox::driver {

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

/// "/dev/..." (the assert edge), "phc:/dev/ptpN:PIN" or "stream:/...": a PPS device, a pin of a PTP
/// hardware clock, or a socket whose path fits one. Empty for any other text.
[[nodiscard]] std::optional<PulseSource> pulse_source(std::string_view text);
inline constexpr std::string_view pulse_source_shape =
    R"(a PPS device, as "/dev/pps0"; a pin of a PTP hardware clock, as "phc:/dev/ptp0:0"; or "stream:" and the absolute path of a socket of at most 107 bytes)";

/// False for a stream, which has no edges to choose from.
bool choose_edge(PulseSource& source, CaptureEdge edge);

}  // namespace ntsbox::driver
