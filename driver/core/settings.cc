#include "driver/core/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "driver/core/path.h"

namespace ntsbox::driver {
namespace {

constexpr std::int64_t longest_delay_ns = 1'000'000;
constexpr std::int64_t most_history_days = 3660;
constexpr int first_free_unit = 8;
constexpr int last_unit = 255;  // the key's digit is one byte (chrony refclock_shm.c)

constexpr std::string_view host_shape = R"(a host name or an address, as "127.0.0.1")";
constexpr std::string_view port_shape = "an integer from 1 to 65535";
constexpr std::string_view device_shape =
    R"(the absolute path of a device as gpsd names it, as "/dev/ttyAMA0", of letters, digits and ._/:+-; or "" for whichever single device gpsd has)";
constexpr std::string_view edge_shape = R"("assert" or "clear")";
constexpr std::string_view cable_delay_shape =
    "an integer of nanoseconds from 0 to 1000000 (5 ns a metre of cable)";
constexpr std::string_view latency_shape =
    "an integer of nanoseconds from 0 to 1000000 (ntsbox-pps echo measures it)";
constexpr std::string_view sink_shape = R"("sock", or "shm:N" with N from 8 to 255)";
constexpr std::string_view socket_shape =
    R"(an absolute path of at most 107 bytes, as "/run/chrony.ntsbox.sock")";
constexpr std::string_view optional_path_shape = R"(an absolute path, or "" to do without)";
constexpr std::string_view days_shape = "an integer of days from 0 (no history) to 3660";

const std::string& text_of(const SettingValue& value) {
  return std::get<std::string>(value);
}

/// Letters that need no care inside JSON, nor in a log.
bool is_device_path(std::string_view text) {
  return is_path(text) && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view{"._/:+-"}.find(c) != std::string_view::npos;
         });
}

Complaint unless(bool good, std::string_view shape) {
  return good ? Complaint{} : fmt::format("must be {}", shape);
}

Complaint read_host(Settings& settings, const SettingValue& value) {
  const auto& host = settings.gpsd.host = text_of(value);
  return unless(!host.empty() && is_plain(host) && host.find(' ') == std::string::npos, host_shape);
}

Complaint read_port(Settings& settings, const SettingValue& value) {
  const auto port = std::get<std::int64_t>(value);
  settings.gpsd.port = static_cast<int>(port);
  return unless(port >= 1 && port <= 65535, port_shape);
}

Complaint read_device(Settings& settings, const SettingValue& value) {
  const auto& device = settings.gpsd.device = text_of(value);
  return unless(device.empty() || is_device_path(device), device_shape);
}

CaptureEdge edge_of(const PulseSource& source) {
  if (const auto* pps = std::get_if<PpsSource>(&source)) return pps->edge;
  if (const auto* phc = std::get_if<PhcSource>(&source)) return phc->edge;
  return CaptureEdge::assert;
}

/// Keeps the edge, which may stand before it in the file.
Complaint read_source(Settings& settings, const SettingValue& value) {
  auto source = pulse_source(text_of(value));
  if (!source) return unless(false, pulse_source_shape);
  choose_edge(*source, edge_of(settings.pulse));
  settings.pulse = std::move(*source);
  return std::nullopt;
}

Complaint read_edge(Settings& settings, const SettingValue& value) {
  const auto& edge = text_of(value);
  choose_edge(settings.pulse, edge == "clear" ? CaptureEdge::clear : CaptureEdge::assert);
  return unless(edge == "assert" || edge == "clear", edge_shape);
}

SettingValue write_edge(const Settings& settings) {
  return std::string{edge_of(settings.pulse) == CaptureEdge::assert ? "assert" : "clear"};
}

Complaint read_delay(nanoseconds& delay, const SettingValue& value, std::string_view shape) {
  delay = nanoseconds{std::get<std::int64_t>(value)};
  return unless(delay >= 0ns && delay <= nanoseconds{longest_delay_ns}, shape);
}

Complaint read_cable_delay(Settings& settings, const SettingValue& value) {
  return read_delay(settings.cable_delay, value, cable_delay_shape);
}

Complaint read_latency(Settings& settings, const SettingValue& value) {
  return read_delay(settings.latency.usual, value, latency_shape);
}

Complaint read_latency_uncertainty(Settings& settings, const SettingValue& value) {
  return read_delay(settings.latency.uncertainty, value, latency_shape);
}

Complaint read_lateness(Settings& settings, const SettingValue& value) {
  const auto mode = lateness_mode(text_of(value));
  settings.lateness = mode.value_or(LatenessMode::raw);
  return unless(mode.has_value(), lateness_modes_offered);
}

Complaint read_sink(Settings& settings, const SettingValue& value) {
  const auto& sink = text_of(value);
  if (sink == "sock") return std::nullopt;
  int unit = -1;
  if (sink.starts_with("shm:")) {
    const char* end = sink.data() + sink.size();
    const auto [stop, error] = std::from_chars(sink.data() + 4, end, unit);
    if (error != std::errc{} || stop != end) unit = -1;
  }
  if (unit >= 0 && unit < first_free_unit)
    return fmt::format(
        "must not be unit {}: gpsd itself makes the units 0 to 7; choose one from {} to {}", unit,
        first_free_unit, last_unit);
  if (unit < first_free_unit || unit > last_unit) return unless(false, sink_shape);
  settings.sink = ShmSink{unit};
  return std::nullopt;
}

SettingValue write_sink(const Settings& settings) {
  const auto* shm = std::get_if<ShmSink>(&settings.sink);
  return shm ? fmt::format("shm:{}", shm->unit) : "sock";
}

/// Of no effect with shared memory.
Complaint read_socket(Settings& settings, const SettingValue& value) {
  const auto& path = text_of(value);
  if (auto* sock = std::get_if<SockSink>(&settings.sink)) sock->path = path;
  return unless(is_socket_path(path), socket_shape);
}

SettingValue write_socket(const Settings& settings) {
  const auto* sock = std::get_if<SockSink>(&settings.sink);
  return sock ? sock->path : SockSink{}.path;
}

template <auto member>
Complaint read_optional_path(Settings& settings, const SettingValue& value) {
  const auto& path = settings.*member = text_of(value);
  return unless(path.empty() || is_path(path), optional_path_shape);
}

Complaint read_history_days(Settings& settings, const SettingValue& value) {
  const auto days = std::get<std::int64_t>(value);
  settings.history_days = static_cast<int>(days);
  return unless(days >= 0 && days <= most_history_days, days_shape);
}

SettingValue integer(std::int64_t value) {
  return value;
}

constexpr Setting<Settings> table[] = {
    {.key = "gpsd.host",
     .comment = "Host name or address of gpsd.",
     .read = read_host,
     .write = [](const Settings& s) { return SettingValue{s.gpsd.host}; },
     .must_be = host_shape},
    {.key = "gpsd.port",
     .comment = "TCP port of gpsd, 1 to 65535.",
     .read = read_port,
     .write = [](const Settings& s) { return integer(s.gpsd.port); },
     .must_be = port_shape},
    {.key = "gpsd.device",
     .comment =
         "Path of the receiver to follow, as gpsd names it. Empty: the only device that gpsd has.",
     .read = read_device,
     .write = [](const Settings& s) { return SettingValue{s.gpsd.device}; },
     .must_be = device_shape},
    {.key = "pulse.source",
     .comment = R"(Source of the pulses: a PPS device, "phc:/dev/ptpN:PIN" or "stream:PATH".)",
     .read = read_source,
     .write = [](const Settings& s) { return SettingValue{name_of(s.pulse)}; },
     .must_be = pulse_source_shape},
    {.key = "pulse.edge",
     .comment = R"(Edge that marks the second: "assert" or "clear".)",
     .read = read_edge,
     .write = write_edge,
     .must_be = edge_shape},
    {.key = "pulse.cable_delay_ns",
     .comment =
         "Delay of the pulse in antenna and cable, 0 to 1000000 ns (5 ns per metre of cable).",
     .read = read_cable_delay,
     .write = [](const Settings& s) { return integer(s.cable_delay.count()); },
     .must_be = cable_delay_shape},
    {.key = "pulse.latency_ns",
     .comment =
         "Timestamp latency: how late this machine stamps an ordinary pulse, 0 to 1000000 ns.",
     .read = read_latency,
     .write = [](const Settings& s) { return integer(s.latency.usual.count()); },
     .must_be = latency_shape},
    {.key = "pulse.latency_uncertainty_ns",
     .comment = "Uncertainty of the timestamp latency, 0 to 1000000 ns.",
     .read = read_latency_uncertainty,
     .write = [](const Settings& s) { return integer(s.latency.uncertainty.count()); },
     .must_be = latency_shape},
    {.key = "pulse.lateness",
     .comment =
         R"(How to correct pulses that the machine stamps late: "raw" (not at all) or "auto".)",
     .read = read_lateness,
     .write = [](const Settings& s) { return SettingValue{std::string{name_of(s.lateness)}}; },
     .must_be = lateness_modes_offered},
    {.key = "chrony.sink",
     .comment = R"(Interface to chronyd: "sock", or "shm:N" with N from 8 to 255.)",
     .read = read_sink,
     .write = write_sink,
     .must_be = sink_shape},
    {.key = "chrony.socket",
     .comment = "Path of the socket, as in the line refclock SOCK of chrony.conf.",
     .read = read_socket,
     .write = write_socket,
     .must_be = socket_shape},
    {.key = "integrity.witness",
     .comment = "Refuse pulses that contradict a synchronised kernel clock.",
     .read = read_member<&Settings::witness, Settings>,
     .write = write_member<&Settings::witness, Settings>},
    {.key = "files.status",
     .comment = "Path of the status file. Empty: none.",
     .read = read_optional_path<&Settings::status_file>,
     .write = write_member<&Settings::status_file, Settings>,
     .must_be = optional_path_shape},
    {.key = "files.state",
     .comment = "Folder for the last confirmed second and the history. Empty: none.",
     .read = read_optional_path<&Settings::state_folder>,
     .write = write_member<&Settings::state_folder, Settings>,
     .must_be = optional_path_shape},
    {.key = "files.history_days",
     .comment = "Days of history to keep, 0 (no history) to 3660.",
     .read = read_history_days,
     .write = [](const Settings& s) { return integer(s.history_days); },
     .must_be = days_shape},
};

}  // namespace

std::span<const Setting<Settings>> settings_table() {
  return table;
}

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  Settings settings;
  if (const auto read = read_settings(settings, table, text, file); !read)
    return tl::unexpected(read.error());
  return settings;
}

}  // namespace ntsbox::driver
