#include "driver/core/event_log.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

#include "base/release.h"
#include "contract/status_file.h"

namespace ntsbox::driver {
namespace {

using Members = std::vector<std::pair<std::string_view, JsonValue>>;

/// The last member of this name; null when there is none.
const JsonValue* find(const Members& members, std::string_view name) {
  const JsonValue* found = nullptr;
  for (const auto& [key, value] : members)
    if (key == name) found = &value;
  return found;
}

template <class T>
std::optional<T> find_as(const Members& members, std::string_view name) {
  const auto* value = find(members, name);
  const auto* held = value ? std::get_if<T>(value) : nullptr;
  return held ? std::optional<T>{*held} : std::nullopt;
}

/// A date, where there is one by this name.
Result<std::optional<UtcSecond>> date_of(const Members& members, std::string_view name) {
  if (!find(members, name)) return std::nullopt;
  const auto date = parse_iso_utc(find_as<std::string_view>(members, name).value_or(""));
  if (!date) return fail(fmt::format(R"("{}" must be a date, as "2026-01-01T00:00:00Z")", name));
  return date->second;
}

Result<nanoseconds> stamp_of(const Members& members, std::string_view name) {
  const auto text = find_as<std::string_view>(members, name);
  if (const auto stamp = text ? parse_decimal_seconds(*text) : std::nullopt) return *stamp;
  return fail(fmt::format(
      R"("{}" must be a string of seconds with nine decimals, as "1795341600.000001234")", name));
}

std::optional<std::uint64_t> sequence_of(const Members& members) {
  if (const auto n = find_as<std::int64_t>(members, "sequence"); n && *n >= 0)
    return static_cast<std::uint64_t>(*n);
  return find_as<std::uint64_t>(members, "sequence");
}

Result<Reading> reading_of(const Members& members) {
  TRY(const auto system, stamp_of(members, "system"));
  TRY(const auto monotonic, stamp_of(members, "monotonic"));
  Reading at{SystemTime{system}, MonotonicTime{monotonic}, std::nullopt};
  if (!find(members, "raw")) return at;
  TRY(const auto raw, stamp_of(members, "raw"));
  at.raw = RawTime{raw};
  return at;
}

Result<LogEntry> start_of(const Members& members) {
  LogStart start;
  TRY(start.earliest_date, date_of(members, "floor"));
  TRY(start.leaps.until, date_of(members, "leap_table_until"));
  TRY(const auto leap, date_of(members, "leap_second_before"));
  if (leap) start.leaps.leaps.push_back({*leap, -1s});
  start.witness = find_as<bool>(members, "witness");
  if (const auto device = find_as<std::string_view>(members, "device"))
    start.device = std::string{*device};
  if (find(members, "lateness")) {
    start.lateness = lateness_mode(find_as<std::string_view>(members, "lateness").value_or(""));
    if (!start.lateness)
      return fail(fmt::format(R"("lateness" must be {})", lateness_modes_offered));
  }
  return start;
}

Result<LogEntry> pulse_of(const Members& members, const Reading& at) {
  TRY(const auto stamp, stamp_of(members, "stamp"));
  const auto sequence = sequence_of(members);
  if (!sequence) return fail(R"("sequence" must be an integer of at least 0)");
  return LogEvent{{at, Pulse{SystemTime{stamp}, *sequence}},
                  *find_as<std::string_view>(members, "stamp")};
}

Tick tick_of(const Members& members) {
  const auto synchronised = find_as<bool>(members, "synchronised");
  const auto maxerror = stamp_of(members, "maxerror");
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

template <class Time>
std::string decimal(Time time) {
  return format_decimal_seconds(time.time_since_epoch());
}

JsonObject head(std::string_view event, const Reading& at) {
  JsonObject object;
  object.add("event", event).add("system", decimal(at.system));
  object.add("monotonic", decimal(at.monotonic));
  if (at.raw) object.add("raw", decimal(*at.raw));
  return object;
}

BridgeOptions own_options() {
  BridgeOptions options;
  options.earliest_date = release_date();
  return options;
}

Counters sum(const Counters& a, const Counters& b) {
  Counters total = a;
  total.pulses += b.pulses;
  total.samples += b.samples;
  for (std::size_t i = 0; i < reason_count; ++i) total.refused[i] += b.refused[i];
  return total;
}

}  // namespace

EventLogReader::EventLogReader() : json_(JsonParser::Limits{.depth = 1024}) {}

Result<LogEntry> EventLogReader::read(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return LogNothing{};
  members_.clear();
  const auto keep = [this](std::string_view key, const JsonValue& value) {
    members_.emplace_back(key, value);
  };
  const bool object = json_.parse(line, keep) || json_.parse(without_lone_surrogates(line), keep);
  if (!object) return fail("not one whole JSON object: is the line cut?");
  const auto event = find_as<std::string_view>(members_, "event");
  if (!event) return fail(R"("event" is missing)");
  TRY(const auto at, reading_of(members_));

  if (event == "start") return start_of(members_);
  if (event == "pulse") return pulse_of(members_, at);
  if (event == "tick") return LogEvent{{at, tick_of(members_)}, {}};
  if (event == "gpsd_lost") return LogEvent{{at, GpsdLost{}}, {}};
  if (event == "pps_lost") return LogEvent{{at, PpsLost{}}, {}};
  if (event != "gpsd") return LogNothing{};
  const auto text = find_as<std::string_view>(members_, "line");
  if (!text) return fail(R"("line" must be a string)");
  return LogEvent{{at, reports_.parse(*text)}, {}};
}

std::string log_start(const Reading& at, const BridgeOptions& options) {
  auto object = head("start", at);
  object.add("version", 1).add("floor", options.earliest_date).add("witness", options.witness);
  if (!options.device.empty()) object.add("device", options.device);
  if (options.lateness != LatenessMode::raw) object.add("lateness", name_of(options.lateness));
  if (options.leaps.until) object.add("leap_table_until", *options.leaps.until);
  // The table never has more than the next one.
  for (const auto& leap : options.leaps.leaps)
    if (leap.midnight > options.earliest_date) object.add("leap_second_before", leap.midnight);
  return object.text() + "\n";
}

std::string log_gpsd_line(const Reading& at, std::string_view line) {
  return head("gpsd", at).add("line", line).text() + "\n";
}

std::string log_event(const Event& event) {
  const auto* pulse = std::get_if<Pulse>(&event.what);
  const auto* tick = std::get_if<Tick>(&event.what);
  const bool gpsd = std::holds_alternative<GpsdLost>(event.what);
  auto object = head(pulse ? "pulse" : tick ? "tick" : gpsd ? "gpsd_lost" : "pps_lost", event.at);
  if (pulse) object.add("stamp", decimal(pulse->stamp)).add("sequence", pulse->sequence);
  if (tick && tick->clock)
    object.add("synchronised", tick->clock->synchronised)
        .add("maxerror", format_decimal_seconds(tick->clock->maxerror));
  return object.text() + "\n";
}

Replay::Replay() : bridge_(own_options()) {}

void Replay::start(const LogStart& start) {
  before_ = sum(before_, bridge_.counters());
  auto options = own_options();
  if (start.earliest_date) options.earliest_date = *start.earliest_date;
  if (start.witness) options.witness = *start.witness;
  if (start.device) options.device = *start.device;
  if (start.lateness) options.lateness = *start.lateness;
  options.leaps = start.leaps;
  bridge_ = Bridge{options};
}

Result<void> Replay::line(std::string_view text, std::string& out) {
  ++number_;
  const auto entry = reader_.read(text);
  if (!entry) return fail(fmt::format("line {}: {}", number_, entry.error().message));
  if (const auto* beginning = std::get_if<LogStart>(&*entry)) {
    start(*beginning);
  } else if (const auto* logged = std::get_if<LogEvent>(&*entry)) {
    const auto& event = logged->event;
    const auto step = bridge_.step(event);
    if (step.decision)
      append_decision(out, *step.decision, logged->stamp_text, std::get<Pulse>(event.what));
    if (step.state) append_state(out, *step.state, event.at.monotonic);
  }
  return {};
}

std::string Replay::summary() const {
  const auto total = sum(before_, bridge_.counters());
  return JsonObject{}
             .add("decision", "summary")
             .add("pulses", total.pulses)
             .add("samples", total.samples)
             .add_json("refused", refusals_json(total.refused))
             .text() +
         "\n";
}

void append_decision(std::string& out, const Decision& decision, std::string_view stamp,
                     const Pulse& pulse) {
  const auto* sample = std::get_if<Sample>(&decision);
  JsonObject object;
  object.add("decision", sample ? "sample" : "refused");
  object.add("stamp", stamp).add("sequence", pulse.sequence);
  if (sample) {
    object.add("offset_ns", sample->offset.count());
    object.add("second", sample->second.time_since_epoch().count()).add("leap", 0);
    if (sample->correction != 0ns) object.add("correction_ns", sample->correction.count());
  } else {
    object.add("reason", name_of(std::get<Reason>(decision)));
  }
  out += object.text() + "\n";
}

void append_state(std::string& out, State state, MonotonicTime since) {
  JsonObject object;
  object.add("decision", "state").add("state", name_of(state)).add("monotonic", decimal(since));
  out += object.text() + "\n";
}

}  // namespace ntsbox::driver
