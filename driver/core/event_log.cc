#include "driver/core/event_log.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace ntsbox::driver {
namespace {

/// The members of a log line that are known, as they were found.
struct Members {
  std::optional<std::string_view> event;
  std::optional<JsonValue> system, monotonic, raw, stamp, sequence, line, floor, witness, device,
      lateness, synchronised, maxerror;
};

std::optional<JsonValue>* slot(Members& members, std::string_view key) {
  if (key == "system") return &members.system;
  if (key == "monotonic") return &members.monotonic;
  if (key == "raw") return &members.raw;
  if (key == "stamp") return &members.stamp;
  if (key == "sequence") return &members.sequence;
  if (key == "line") return &members.line;
  if (key == "floor") return &members.floor;
  if (key == "witness") return &members.witness;
  if (key == "device") return &members.device;
  if (key == "lateness") return &members.lateness;
  if (key == "synchronised") return &members.synchronised;
  if (key == "maxerror") return &members.maxerror;
  return nullptr;
}

template <class T>
std::optional<T> as(const std::optional<JsonValue>& value) {
  const auto* held = value ? std::get_if<T>(&*value) : nullptr;
  return held ? std::optional<T>{*held} : std::nullopt;
}

/// A stamp: a string of decimal seconds with nine decimals.
std::optional<nanoseconds> stamp_in(const std::optional<JsonValue>& value) {
  const auto text = as<std::string_view>(value);
  return text ? parse_decimal_seconds(*text) : std::nullopt;
}

std::optional<std::uint64_t> sequence_in(const std::optional<JsonValue>& value) {
  if (const auto n = as<std::int64_t>(value); n && *n >= 0) return static_cast<std::uint64_t>(*n);
  return as<std::uint64_t>(value);
}

tl::unexpected<Error> bad_stamp(const char* name) {
  return fail(fmt::format(
      R"("{}" must be a string of seconds with nine decimals, as "1795341600.000001234")", name));
}

Result<Reading> reading_of(const Members& members) {
  const auto system = stamp_in(members.system);
  if (!system) return bad_stamp("system");
  const auto monotonic = stamp_in(members.monotonic);
  if (!monotonic) return bad_stamp("monotonic");
  Reading at{SystemTime{*system}, MonotonicTime{*monotonic}, std::nullopt};
  if (members.raw) {
    const auto raw = stamp_in(members.raw);
    if (!raw) return bad_stamp("raw");
    at.raw = RawTime{*raw};
  }
  return at;
}

Result<LogEntry> start_of(const Members& members) {
  LogStart start;
  if (members.floor) {
    const auto text = as<std::string_view>(members.floor);
    const auto date = text ? parse_iso_utc(*text) : std::nullopt;
    if (!date) return fail(R"("floor" must be a date, as "2026-01-01T00:00:00Z")");
    start.earliest_date = date->second;
  }
  start.witness = as<bool>(members.witness);
  if (const auto device = as<std::string_view>(members.device)) start.device = std::string{*device};
  if (members.lateness) {
    const auto name = as<std::string_view>(members.lateness);
    start.lateness = name ? lateness_mode(*name) : std::nullopt;
    if (!start.lateness)
      return fail(fmt::format(R"("lateness" must be {})", lateness_modes_offered));
  }
  return start;
}

Result<LogEntry> pulse_of(const Members& members, const Reading& at) {
  const auto stamp = stamp_in(members.stamp);
  if (!stamp) return bad_stamp("stamp");
  const auto sequence = sequence_in(members.sequence);
  if (!sequence) return fail(R"("sequence" must be an integer of at least 0)");
  return LogEvent{{at, Pulse{SystemTime{*stamp}, *sequence}}, *as<std::string_view>(members.stamp)};
}

Tick tick_of(const Members& members) {
  const auto synchronised = as<bool>(members.synchronised);
  const auto maxerror = stamp_in(members.maxerror);
  if (!synchronised || !maxerror) return {};
  return {ClockStatus{*synchronised, *maxerror}};
}

/// The UTF-16 unit that is escaped at `i`, as \ud83d; something below 0x1000 where none is.
unsigned escaped_unit(std::string_view line, std::size_t i) {
  unsigned unit = 0;
  if (line.substr(i, 2) != "\\u") return unit;
  const auto digits = line.substr(i + 2, 4);
  std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  return unit;
}

/// `line` with U+FFFD in place of each escaped surrogate that has no partner: some writers escape
/// bytes that are not UTF-8 so, and what gpsd sent is input to be judged.
std::string without_lone_surrogates(std::string_view line) {
  const auto high = [&](std::size_t i) { return (escaped_unit(line, i) & 0xfc00) == 0xd800; };
  const auto low = [&](std::size_t i) { return (escaped_unit(line, i) & 0xfc00) == 0xdc00; };
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    const bool pair = high(i) && low(i + 6);
    const bool lone = !pair && (high(i) || low(i));
    const std::size_t length = pair ? 12 : lone ? 6 : line[i] == '\\' ? 2 : 1;
    out += lone ? "\\ufffd" : line.substr(i, length);
    i += length;
  }
  return out;
}

std::string head(std::string_view event, const Reading& at) {
  auto text = fmt::format(R"({{"event":"{}","system":"{}","monotonic":"{}")", event,
                          format_decimal_seconds(at.system.time_since_epoch()),
                          format_decimal_seconds(at.monotonic.time_since_epoch()));
  if (at.raw)
    text += fmt::format(R"(,"raw":"{}")", format_decimal_seconds(at.raw->time_since_epoch()));
  return text;
}

}  // namespace

EventLogReader::EventLogReader() : json_(JsonParser::Limits{.depth = 1024}) {}

Result<LogEntry> EventLogReader::read(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return LogNothing{};
  Members members;
  const auto member = [&members](std::string_view key, const JsonValue& value) {
    if (key == "event") {
      if (const auto* text = std::get_if<std::string_view>(&value)) members.event = *text;
    } else if (auto* found = slot(members, key)) {
      *found = value;
    }
  };
  const bool object =
      json_.parse(line, member) || json_.parse(without_lone_surrogates(line), member);
  if (!object) return fail("not one whole JSON object: is the line cut?");
  if (!members.event) return fail(R"("event" is missing)");
  const auto at = reading_of(members);
  if (!at) return tl::unexpected(at.error());

  const auto event = *members.event;
  if (event == "start") return start_of(members);
  if (event == "pulse") return pulse_of(members, *at);
  if (event == "tick") return LogEvent{{*at, tick_of(members)}, {}};
  if (event == "gpsd_lost") return LogEvent{{*at, GpsdLost{}}, {}};
  if (event == "pps_lost") return LogEvent{{*at, PpsLost{}}, {}};
  if (event != "gpsd") return LogNothing{};
  const auto text = as<std::string_view>(members.line);
  if (!text) return fail(R"("line" must be a string)");
  return LogEvent{{*at, reports_.parse(*text)}, {}};
}

std::string log_start(const Reading& at, const BridgeOptions& options) {
  auto text =
      head("start", at) + fmt::format(R"(,"version":1,"floor":"{}","witness":{})",
                                      format_iso_utc(options.earliest_date), options.witness);
  if (!options.device.empty()) text += R"(,"device":)" + json_quote(options.device);
  if (options.lateness != LatenessMode::raw)
    text += fmt::format(R"(,"lateness":"{}")", name_of(options.lateness));
  return text + "}\n";
}

std::string log_gpsd_line(const Reading& at, std::string_view line) {
  auto text = head("gpsd", at) + R"(,"line":)";
  append_json_quoted(text, line);
  return text + "}\n";
}

std::string log_event(const Event& event) {
  if (const auto* pulse = std::get_if<Pulse>(&event.what))
    return head("pulse", event.at) +
           fmt::format(",\"stamp\":\"{}\",\"sequence\":{}}}\n",
                       format_decimal_seconds(pulse->stamp.time_since_epoch()), pulse->sequence);
  if (const auto* tick = std::get_if<Tick>(&event.what)) {
    auto text = head("tick", event.at);
    if (tick->clock)
      text += fmt::format(R"(,"synchronised":{},"maxerror":"{}")", tick->clock->synchronised,
                          format_decimal_seconds(tick->clock->maxerror));
    return text + "}\n";
  }
  const bool gpsd = std::holds_alternative<GpsdLost>(event.what);
  return head(gpsd ? "gpsd_lost" : "pps_lost", event.at) + "}\n";
}

}  // namespace ntsbox::driver
