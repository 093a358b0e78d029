#include "driver/core/gpsd_report.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

namespace ntsbox::driver {
namespace {

// A TPV is one level deep, a SKY or a DEVICES three; what gpsd may add needs no more.
constexpr std::size_t max_depth = 8;
constexpr std::int64_t ns_per_second = 1'000'000'000;
// More than any receiver sees at once; gpsd's own limit is 140 (gps.h, MAXCHANNELS).
constexpr std::size_t most_satellites = 140;

/// The members that are of interest in any class, in the order of `names`.
enum Name : std::size_t {
  class_name,
  device,
  mode,
  status,
  time,
  real_sec,
  real_nsec,
  clock_sec,
  clock_nsec,
  leap_seconds,
  quantization,
  used,
  devices,
  path,
  activated,
  release,
  message,
  unknown,
};

constexpr std::array<std::string_view, unknown> names = {
    "class",     "device",    "mode",       "status",      "time",   "real_sec",
    "real_nsec", "clock_sec", "clock_nsec", "leapseconds", "qErr",   "uSat",
    "devices",   "path",      "activated",  "release",     "message"};

struct Members {
  std::array<JsonValue, unknown> values;
  std::array<bool, unknown> given{};
  bool twice = false;
  std::optional<std::size_t> active_devices;
  std::vector<Satellite>& sky;
};

Name name_of(std::string_view key) {
  std::size_t name = 0;
  while (name < unknown && names[name] != key) ++name;
  return static_cast<Name>(name);
}

/// gpsd leaves `activated` out of a device's list entry, and sends 0 when it closes it; a date
/// means open.
std::optional<bool> is_active(const JsonValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return !text->empty();
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number != 0;
  return std::nullopt;
}

/// Empty when one of them says it in a way that is not gpsd's.
std::optional<std::size_t> count_active(const JsonArray& list) {
  struct {
    std::size_t active = 0;
    bool told = false;
    bool junk = false;
  } count;

  list.for_each_object([&count] { count.told = false; },
                       [&count](std::string_view key, const JsonValue& value) {
                         if (key != names[activated]) return;
                         const auto active = is_active(value);
                         count.junk |= !active || count.told;
                         count.told = true;
                         if (active && *active) ++count.active;
                       });
  return count.junk ? std::nullopt : std::optional{count.active};
}

/// Whole degrees or dB; empty when it is no number, or none of these.
std::optional<int> whole(const JsonValue& value, int least, int most) {
  double number = std::numeric_limits<double>::quiet_NaN();
  if (const auto* real = std::get_if<double>(&value)) number = *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    number = static_cast<double>(*integer);
  number = std::round(number);
  if (!(number >= least && number <= most)) return std::nullopt;
  return static_cast<int>(number);
}

/// One satellite while its members come.
struct Sighting {
  std::optional<int> system, number, azimuth, elevation, signal;
  bool used = false;

  void take(std::string_view key, const JsonValue& value) {
    if (key == "gnssid") system = whole(value, 0, 15);
    if (key == "svid") number = whole(value, 1, 999);
    if (key == "az") azimuth = whole(value, 0, 360);
    if (key == "el") elevation = whole(value, 0, 90);
    if (key == "ss") signal = whole(value, 0, 99);
    if (const auto* yes = std::get_if<bool>(&value); yes && key == "used") used = *yes;
  }

  void add_to(std::vector<Satellite>& sky) const {
    if (!system || !number || !azimuth || !elevation || sky.size() >= most_satellites) return;
    sky.push_back({*system, *number, *azimuth % 360, *elevation, signal.value_or(0), used});
  }
};

/// They are for the eye alone: what is not as gpsd has it is passed over.
void take_satellites(const JsonArray& list, std::vector<Satellite>& sky) {
  Sighting sighting;
  sky.clear();
  list.for_each_object(
      [&sighting, &sky] {
        sighting.add_to(sky);
        sighting = {};
      },
      [&sighting](std::string_view key, const JsonValue& value) { sighting.take(key, value); });
  sighting.add_to(sky);
}

void take(Members& members, std::string_view key, const JsonValue& value) {
  // The array lives for this call only.
  if (const auto* list = std::get_if<const JsonArray*>(&value); list && key == "satellites")
    take_satellites(**list, members.sky);
  const auto name = name_of(key);
  if (name == unknown) return;
  members.twice |= members.given[name];
  members.given[name] = true;
  members.values[name] = value;
  if (const auto* list = std::get_if<const JsonArray*>(&value); list && name == devices)
    members.active_devices = count_active(**list);
}

// Each of these leaves `out` as it is when the member is absent, and is false when it is not what
// it should be.

bool read(const Members& members, Name name, std::string_view& out) {
  if (!members.given[name]) return true;
  const auto* text = std::get_if<std::string_view>(&members.values[name]);
  if (text) out = *text;
  return text != nullptr;
}

bool read(const Members& members, Name name, int highest, int& out) {
  if (!members.given[name]) return true;
  const auto* number = std::get_if<std::int64_t>(&members.values[name]);
  if (!number || *number < 0 || *number > highest) return false;
  out = static_cast<int>(*number);
  return true;
}

bool read(const Members& members, Name name, std::optional<UtcInstant>& out) {
  if (!members.given[name]) return true;
  const auto* text = std::get_if<std::string_view>(&members.values[name]);
  out = text ? parse_iso_utc(*text) : std::nullopt;
  return out.has_value();
}

bool read(const Members& members, Name name, std::optional<int>& out) {
  int value = 0;
  if (!read(members, name, std::numeric_limits<int>::max(), value)) return false;
  if (members.given[name]) out = value;
  return true;
}

/// Any 64-bit second; what exceeds int64 is held at its end.
std::optional<std::int64_t> second_in(const Members& members, Name name) {
  const auto& value = members.values[name];
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (std::holds_alternative<std::uint64_t>(value)) return std::numeric_limits<std::int64_t>::max();
  return std::nullopt;
}

/// Nanoseconds to add to a second: gpsd 3.22 sends -112313 for a time a little below it.
std::optional<std::int64_t> fraction_in(const Members& members, Name name) {
  const auto* number = std::get_if<std::int64_t>(&members.values[name]);
  if (!number || *number <= -ns_per_second || *number >= 2 * ns_per_second) return std::nullopt;
  return *number;
}

/// Held at the ends of int64.
UtcInstant utc_instant(std::int64_t second, std::int64_t fraction) {
  const auto whole = std::chrono::floor<seconds>(nanoseconds{fraction});
  std::int64_t sum = 0;
  if (__builtin_add_overflow(second, whole.count(), &sum)) sum = second;
  return {UtcSecond{seconds{sum}}, nanoseconds{fraction} - whole};
}

/// Held at ±nanoseconds::max(), some 292 years from 1970.
SystemTime system_time(std::int64_t second, std::int64_t fraction) {
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(second, ns_per_second, &ns) ||
      __builtin_add_overflow(ns, fraction, &ns))
    return SystemTime{second < 0 ? -nanoseconds::max() : nanoseconds::max()};
  return SystemTime{nanoseconds{ns}};
}

GpsdReport fix_in(const Members& members) {
  FixReport fix;
  const bool good = read(members, device, fix.device) && read(members, mode, 3, fix.mode) &&
                    read(members, status, std::numeric_limits<int>::max(), fix.status) &&
                    read(members, time, fix.time) && read(members, leap_seconds, fix.leap_seconds);
  return good ? GpsdReport{fix} : JunkReport{};
}

GpsdReport time_in(const Members& members) {
  TimeReport report;
  const auto real = second_in(members, real_sec);
  const auto real_fraction = fraction_in(members, real_nsec);
  const auto clock = second_in(members, clock_sec);
  const auto clock_fraction = fraction_in(members, clock_nsec);
  if (!real || !real_fraction || !clock || !clock_fraction) return JunkReport{};
  if (!read(members, device, report.device)) return JunkReport{};
  report.real = utc_instant(*real, *real_fraction);
  report.clock = system_time(*clock, *clock_fraction);
  return report;
}

GpsdReport quantization_in(const Members& members) {
  if (!members.given[quantization]) return OtherReport{};
  QuantizationReport report;
  const auto second = second_in(members, real_sec);
  const auto* early = std::get_if<std::int64_t>(&members.values[quantization]);
  if (!second || !early || !read(members, device, report.device)) return JunkReport{};
  report.second = UtcSecond{seconds{*second}};
  report.early = decltype(report.early){*early};
  return report;
}

GpsdReport sky_in(const Members& members) {
  SkyReport sky;
  const bool good = read(members, device, sky.device) &&
                    read(members, used, std::numeric_limits<int>::max(), sky.satellites_used);
  if (!good) return JunkReport{};
  sky.satellites = members.sky;
  return members.given[used] ? GpsdReport{sky} : OtherReport{};
}

GpsdReport list_in(const Members& members) {
  if (!members.active_devices) return JunkReport{};
  DeviceReport report;
  report.whole_list = true;
  report.count = *members.active_devices;
  return report;
}

GpsdReport device_in(const Members& members) {
  DeviceReport report;
  const auto active = members.given[activated] ? is_active(members.values[activated]) : false;
  if (!active || !read(members, path, report.device)) return JunkReport{};
  report.active = *active;
  return report;
}

GpsdReport report_in(const Members& members) {
  const auto* name = std::get_if<std::string_view>(&members.values[class_name]);
  if (!name || members.twice) return JunkReport{};
  if (*name == "TPV") return fix_in(members);
  if (*name == "TOFF") return time_in(members);
  if (*name == "PPS") return quantization_in(members);
  if (*name == "SKY") return sky_in(members);
  if (*name == "DEVICES") return list_in(members);
  if (*name == "DEVICE") return device_in(members);
  if (*name == "VERSION") {
    GreetingReport greeting;
    return read(members, release, greeting.release) ? GpsdReport{greeting} : JunkReport{};
  }
  if (*name == "ERROR") {
    ErrorReport error;
    return read(members, message, error.message) ? GpsdReport{error} : JunkReport{};
  }
  return OtherReport{};
}

/// The field of this number; the sentence's own name is number 0.
std::string_view field_of(std::string_view sentence, int number) {
  while (number-- > 0) {
    const auto comma = sentence.find(',');
    if (comma == std::string_view::npos) return {};
    sentence.remove_prefix(comma + 1);
  }
  return sentence.substr(0, sentence.find_first_of(",*"));
}

/// hhmmss with or without a fraction (NMEA 0183).
std::optional<nanoseconds> time_of_day_in(std::string_view field) {
  std::array<double, 3> parts{};  // of hours, minutes and seconds
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto digits = i == 2 ? field : field.substr(0, 2);
    const auto* const end = digits.data() + digits.size();
    if (digits.size() < 2 || std::from_chars(digits.data(), end, parts.at(i)).ptr != end)
      return std::nullopt;
    field.remove_prefix(2);
  }
  const auto [hours, minutes, whole] = parts;
  const bool in_range =
      hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && whole >= 0 && whole < 61;
  if (!in_range) return std::nullopt;
  const std::chrono::duration<double> time{hours * 3600 + minutes * 60 + whole};
  return std::chrono::round<nanoseconds>(time);
}

/// NMEA 0183: field 2 of RMC is A for a valid fix, V for none; field 6 of GGA is 0, and field 2 of
/// GSA is 1, for none.
SentenceReport sentence_in(std::string_view line) {
  using Fix = SentenceReport::Fix;
  const auto name = field_of(line, 0);
  if (name.size() != 6) return {};
  if (name.ends_with("RMC"))
    return {field_of(line, 2) == "A" ? Fix::valid : Fix::none, time_of_day_in(field_of(line, 1))};
  const bool none = (name.ends_with("GGA") && field_of(line, 6) == "0") ||
                    (name.ends_with("GSA") && field_of(line, 2) == "1");
  if (none) return {Fix::none};
  return {};
}

}  // namespace

GpsdReportParser::GpsdReportParser()
    : json_(JsonParser::Limits{.bytes = max_line, .depth = max_depth}) {}

GpsdReport GpsdReportParser::parse(std::string_view line) {
  if (line.starts_with('$') || line.starts_with('!')) return sentence_in(line);
  satellites_.clear();
  Members members{{}, {}, false, std::nullopt, satellites_};
  const bool object = json_.parse(line, [&members](std::string_view key, const JsonValue& value) {
    take(members, key, value);
  });
  return object ? report_in(members) : JunkReport{};
}

}  // namespace ntsbox::driver
