#pragma once
// /etc/ntsbox/ntsboxd.toml. Every key has a default: an empty file works on a Pi.

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "driver/contract.h"
#include "driver/core/lateness.h"

namespace ntsbox::driver {

enum class CaptureEdge { assert, clear };

/// The kernel's PPS device, by path (RFC 2783).
struct PpsSource {
  std::string path = "/dev/pps0";
  CaptureEdge edge = CaptureEdge::assert;

  friend bool operator==(const PpsSource&, const PpsSource&) = default;
};

/// A program that writes edges on a Unix stream socket, by path (docs/event-log.md, "Pulse
/// streams").
struct StreamSource {
  std::string path;

  friend bool operator==(const StreamSource&, const StreamSource&) = default;
};

using PulseSource = std::variant<PpsSource, StreamSource>;

struct SockSink {
  std::string path = contract::socket_path;

  friend bool operator==(const SockSink&, const SockSink&) = default;
};

struct ShmSink {
  int unit = 8;

  friend bool operator==(const ShmSink&, const ShmSink&) = default;
};

using ChronySink = std::variant<SockSink, ShmSink>;

struct GpsdSettings {
  std::string host = "127.0.0.1";
  int port = 2947;
  std::string device;  // "" = whichever single device gpsd has

  friend bool operator==(const GpsdSettings&, const GpsdSettings&) = default;
};

struct Settings {
  GpsdSettings gpsd;
  PulseSource pulse = PpsSource{};
  nanoseconds cable_delay{};  // antenna and cable: the pulse comes this late
  LatenessMode lateness = LatenessMode::raw;
  ChronySink sink = SockSink{};
  bool witness = true;
  std::string status_file = contract::status_file;
  std::string state_folder = contract::state_folder;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Reads TOML. An error names `file`, the line, what is wrong and the cure; an unknown key names
/// the nearest known one.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const std::string& file);

}  // namespace ntsbox::driver
