#include "driver/core/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "base/text.h"

namespace ntsbox::driver {
namespace {

constexpr std::int64_t longest_delay_ns = 1'000'000;
constexpr std::int64_t first_free_unit = 8;
constexpr std::int64_t last_unit = 255;  // the key's digit is one byte (chrony refclock_shm.c)

constexpr std::string_view latency_shape =
    "an integer of nanoseconds from 0 to 1000000 (ntsbox-pps loopback measures it)";
constexpr std::string_view optional_path_shape = R"(an absolute path, or "" to do without)";

/// Without control characters.
bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// Absolute, plain, and of a file.
bool is_path(std::string_view text) {
  return text.starts_with('/') && text.back() != '/' && is_plain(text);
}

bool is_optional_path(std::string_view text) {
  return text.empty() || is_path(text);
}

bool is_host(std::string_view text) {
  return !text.empty() && is_plain(text) && text.find(' ') == std::string_view::npos;
}

bool is_device(std::string_view text) {
  return text.empty() || (is_path(text) && std::all_of(text.begin(), text.end(), is_path_letter));
}

/// The row says what the value must be.
Complaint unless(bool good) {
  return good ? Complaint{} : "";
}

const std::string& text_of(const SettingValue& value) {
  return std::get<std::string>(value);
}

/// Of the member to which `path` leads, through the structs that hold it.
template <bool (*is_good)(std::string_view), auto... path>
Complaint read_text(Settings& settings, const SettingValue& value) {
  (settings.*....*path) = text_of(value);
  return unless(is_good(text_of(value)));
}

template <auto... path>
SettingValue write_text(const Settings& settings) {
  return (settings.*....*path);
}

template <std::int64_t least, std::int64_t most, auto... path>
Complaint read_integer(Settings& settings, const SettingValue& value) {
  const auto number = std::get<std::int64_t>(value);
  auto& kept = (settings.*....*path);
  kept = static_cast<std::remove_reference_t<decltype(kept)>>(number);
  return unless(number >= least && number <= most);
}

template <auto... path>
SettingValue write_integer(const Settings& settings) {
  return std::int64_t{(settings.*....*path)};
}

template <auto... path>
SettingValue write_delay(const Settings& settings) {
  return std::int64_t{(settings.*....*path).count()};
}

CaptureEdge edge_of(const PulseSource& source) {
  if (const auto* pps = std::get_if<PpsSource>(&source)) return pps->edge;
  if (const auto* phc = std::get_if<PhcSource>(&source)) return phc->edge;
  return CaptureEdge::assert;
}

/// Keeps the edge, which may stand before it in the file.
Complaint read_source(Settings& settings, const SettingValue& value) {
  auto source = pulse_source(text_of(value));
  if (!source) return unless(false);
  choose_edge(*source, edge_of(settings.pulse));
  settings.pulse = std::move(*source);
  return std::nullopt;
}

Complaint read_edge(Settings& settings, const SettingValue& value) {
  const auto& edge = text_of(value);
  choose_edge(settings.pulse, edge == "clear" ? CaptureEdge::clear : CaptureEdge::assert);
  return unless(edge == "assert" || edge == "clear");
}

SettingValue write_edge(const Settings& settings) {
  return std::string{edge_of(settings.pulse) == CaptureEdge::assert ? "assert" : "clear"};
}

Complaint read_lateness(Settings& settings, const SettingValue& value) {
  const auto mode = lateness_mode(text_of(value));
  settings.lateness = mode.value_or(LatenessMode::raw);
  return unless(mode.has_value());
}

Complaint read_sink(Settings& settings, const SettingValue& value) {
  const std::string_view sink = text_of(value);
  if (sink == "sock") return std::nullopt;
  if (!sink.starts_with("shm:")) return unless(false);
  const auto unit = number_in(sink.substr(4), 0, last_unit);
  if (unit && *unit < first_free_unit)
    return fmt::format(
        "must not be unit {}: gpsd itself makes the units 0 to 7; choose one from {} to {}", *unit,
        first_free_unit, last_unit);
  if (unit) settings.sink = ShmSink{static_cast<int>(*unit)};
  return unless(unit.has_value());
}

SettingValue write_sink(const Settings& settings) {
  const auto* shm = std::get_if<ShmSink>(&settings.sink);
  return shm ? fmt::format("shm:{}", shm->unit) : "sock";
}

/// Of no effect with shared memory.
Complaint read_socket(Settings& settings, const SettingValue& value) {
  const auto& path = text_of(value);
  if (auto* sock = std::get_if<SockSink>(&settings.sink)) sock->path = path;
  return unless(is_path(path) && path.size() <= longest_socket_path);
}

SettingValue write_socket(const Settings& settings) {
  const auto* sock = std::get_if<SockSink>(&settings.sink);
  return sock ? sock->path : SockSink{}.path;
}

constexpr Setting<Settings> table[] = {
    {.key = "gpsd.host",
     .comment = "Host name or address of gpsd.",
     .read = read_text<is_host, &Settings::gpsd, &GpsdSettings::host>,
     .write = write_text<&Settings::gpsd, &GpsdSettings::host>,
     .must_be = R"(a host name or an address, as "127.0.0.1")"},
    {.key = "gpsd.port",
     .comment = "TCP port of gpsd, 1 to 65535.",
     .read = read_integer<1, 65535, &Settings::gpsd, &GpsdSettings::port>,
     .write = write_integer<&Settings::gpsd, &GpsdSettings::port>,
     .must_be = "an integer from 1 to 65535"},
    {.key = "gpsd.device",
     .comment =
         "Path of the receiver to follow, as gpsd names it. Empty: the only device that gpsd has.",
     .read = read_text<is_device, &Settings::gpsd, &GpsdSettings::device>,
     .write = write_text<&Settings::gpsd, &GpsdSettings::device>,
     .must_be =
         R"(the absolute path of a device as gpsd names it, as "/dev/ttyAMA0", of letters, digits and ._/:+-; or "" for whichever single device gpsd has)"},
    {.key = "pulse.source",
     .comment = R"(Source of the pulses: a PPS device, "phc:/dev/ptpN:PIN" or "stream:PATH".)",
     .read = read_source,
     .write = [](const Settings& s) { return SettingValue{name_of(s.pulse)}; },
     .must_be = pulse_source_shape},
    {.key = "pulse.edge",
     .comment = R"(Edge that marks the second: "assert" or "clear".)",
     .read = read_edge,
     .write = write_edge,
     .must_be = R"("assert" or "clear")"},
    {.key = "pulse.cable_delay_ns",
     .comment =
         "Delay of the pulse in antenna and cable, 0 to 1000000 ns (5 ns per metre of cable).",
     .read = read_integer<0, longest_delay_ns, &Settings::cable_delay>,
     .write = write_delay<&Settings::cable_delay>,
     .must_be = "an integer of nanoseconds from 0 to 1000000 (5 ns a metre of cable)"},
    {.key = "pulse.latency_ns",
     .comment =
         "Timestamp latency: how late this machine stamps an ordinary pulse, 0 to 1000000 ns.",
     .read = read_integer<0, longest_delay_ns, &Settings::latency, &Latency::usual>,
     .write = write_delay<&Settings::latency, &Latency::usual>,
     .must_be = latency_shape},
    {.key = "pulse.latency_uncertainty_ns",
     .comment = "Uncertainty of the timestamp latency, 0 to 1000000 ns.",
     .read = read_integer<0, longest_delay_ns, &Settings::latency, &Latency::uncertainty>,
     .write = write_delay<&Settings::latency, &Latency::uncertainty>,
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
     .must_be = R"("sock", or "shm:N" with N from 8 to 255)"},
    {.key = "chrony.socket",
     .comment = "Path of the socket, as in the line refclock SOCK of chrony.conf.",
     .read = read_socket,
     .write = write_socket,
     .must_be = R"(an absolute path of at most 107 bytes, as "/run/chrony.ntsbox.sock")"},
    {.key = "integrity.witness",
     .comment = "Refuse pulses that contradict a synchronised kernel clock.",
     .read = read_member<&Settings::witness, Settings>,
     .write = write_member<&Settings::witness, Settings>},
    {.key = "files.status",
     .comment = "Path of the status file. Empty: none.",
     .read = read_text<is_optional_path, &Settings::status_file>,
     .write = write_text<&Settings::status_file>,
     .must_be = optional_path_shape},
    {.key = "files.state",
     .comment = "Folder for the last confirmed second and the history. Empty: none.",
     .read = read_text<is_optional_path, &Settings::state_folder>,
     .write = write_text<&Settings::state_folder>,
     .must_be = optional_path_shape},
    {.key = "files.history_days",
     .comment = "Days of history to keep, 0 (no history) to 3660.",
     .read = read_integer<0, 3660, &Settings::history_days>,
     .write = write_integer<&Settings::history_days>,
     .must_be = "an integer of days from 0 (no history) to 3660"},
};

}  // namespace

std::span<const Setting<Settings>> settings_table() {
  return table;
}

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
  Settings settings;
  TRY(read_settings(settings, table, text, file));
  return settings;
}

}  // namespace ntsbox::driver
