#pragma once
// /etc/ntsbox/ntsboxd.toml. Every key has a default: an empty file works on a Pi.

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "contract/constants.h"
#include "contract/pulse_source.h"
#include "contract/settings_table.h"
#include "driver/core/lateness.h"

namespace ntsbox::driver {

/// How late this board stamps an ordinary pulse, as measured (ntsbox-pps loopback), and how far the
/// measurement may be off. Both at least 0.
struct Latency {
  nanoseconds usual{};
  nanoseconds uncertainty{};  // reported, and used for nothing else

  friend bool operator==(const Latency&, const Latency&) = default;
};

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
  Latency latency;
  LatenessMode lateness = LatenessMode::raw;
  ChronySink sink = SockSink{};
  bool witness = true;
  std::string status_file = contract::status_file;
  std::string state_folder = contract::state_folder;
  int history_days = 60;  // kept in the state folder; 0: none

  /// How late each stamp is known to be, before any pulse was seen: it was due that much earlier.
  [[nodiscard]] nanoseconds constant_lateness() const { return cable_delay + latency.usual; }

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// One row a setting.
[[nodiscard]] std::span<const Setting<Settings>> settings_table();

/// Reads TOML. An error names `file`, the line, what is wrong and what to write; an unknown key
/// names the nearest known one.
[[nodiscard]] Result<Settings> parse_settings(std::string_view text, const std::string& file);

}  // namespace ntsbox::driver
