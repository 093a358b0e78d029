#include "contract/status_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace ntsbox {
namespace {

std::string histogram_json(const std::vector<JitterBin>& bins, std::int64_t JitterBin::*count) {
  JsonObject object{JsonStyle::spaced};
  for (const auto& bin : bins) object.add(bin.below, bin.*count);
  return object.text();
}

std::string json_of(const LastSample& sample) {
  return JsonObject{JsonStyle::spaced}
      .add("second", sample.second.time_since_epoch().count())
      .add("utc", sample.second)
      .add("offset_ns", sample.offset.count())
      .add("correction_ns", sample.correction.count())
      .text();
}

std::optional<UtcSecond> instant(std::string_view text) {
  const auto parsed = parse_iso_utc(text);
  return parsed ? std::optional{parsed->second} : std::nullopt;
}

/// Puts the members of a status file into a DaemonStatus, one by one.
struct Reader {
  DaemonStatus status;
  bool has_state = false;

  void operator()(std::string_view key, const JsonValue& value) {
    // What gpsd or a taken-over ntsboxd put into a text reaches terminals.
    if (const auto* text = std::get_if<std::string_view>(&value)) take_text(key, printable(*text));
    if (const auto* number = std::get_if<std::int64_t>(&value)) take_number(key, *number);
    if (const auto* number = std::get_if<double>(&value); number && key == "lateness.share")
      status.lateness_share = *number;
    if (const auto* flag = std::get_if<bool>(&value)) take_flag(key, *flag);
  }

  void take_text(std::string_view key, std::string_view text) {
    if (key == "version") status.version = text;
    if (key == "written") status.written = instant(text);
    if (key == "state") {
      const auto state = state_named(text);
      has_state = state.has_value();
      status.state = state.value_or(State::waiting);
    }
    if (key == "since") status.since = instant(text);
    if (key == "summary") status.summary = text;
    if (key == "reason") status.reason = reason_named(text);
    if (key == "gpsd.trouble") status.gpsd_trouble = text;
    if (key == "receiver.device") status.device = text;
    if (key == "pps.source") status.pulse_source = text;
    if (key == "pps.trouble") status.pulse_trouble = text;
    if (key == "chrony.sink") status.sink = text;
    if (key == "chrony.trouble") status.sink_trouble = text;
    if (key == "lateness.mode") status.lateness = lateness_mode(text).value_or(LatenessMode::raw);
  }

  void take_number(std::string_view key, std::int64_t number) {
    if (key == "last_sample.second") last_sample().second = UtcSecond{seconds{number}};
    if (key == "last_sample.offset_ns") last_sample().offset = nanoseconds{number};
    if (key == "last_sample.correction_ns") last_sample().correction = nanoseconds{number};
    if (key == "pulses") status.pulses = number;
    if (key == "samples") status.samples = number;
    if (key == "missed") status.missed = number;
    if (key == "receiver.fix_mode") status.fix_mode = number;
    if (key == "receiver.satellites_used") status.satellites = number;
    if (key == "lateness.latency_ns") status.latency = nanoseconds{number};
    if (key == "lateness.latency_uncertainty_ns") status.latency_uncertainty = nanoseconds{number};
    take_count(key, "refused.", [&](std::string_view name) {
      if (const auto reason = reason_named(name))
        status.refused.at(static_cast<std::size_t>(*reason)) = static_cast<std::uint64_t>(number);
    });
    take_count(key, "jitter.recent.", [&](std::string_view name) { bin(name).recent = number; });
    take_count(key, "jitter.total.", [&](std::string_view name) { bin(name).total = number; });
  }

  void take_flag(std::string_view key, bool flag) {
    if (key == "gpsd.connected") status.gpsd_connected = flag;
    if (key == "pps.open") status.pulse_source_open = flag;
    if (key == "pps.pulses_come") status.pulses_come = flag;
    if (key == "chrony.takes_samples") status.takes_samples = flag;
  }

  template <class Take>
  void take_count(std::string_view key, std::string_view prefix, Take take) {
    if (key.starts_with(prefix)) take(key.substr(prefix.size()));
  }

  LastSample& last_sample() {
    return status.last_sample ? *status.last_sample : status.last_sample.emplace();
  }

  JitterBin& bin(std::string_view below) {
    const auto found = std::find_if(status.jitter.begin(), status.jitter.end(),
                                    [&](const JitterBin& known) { return known.below == below; });
    return found != status.jitter.end()
               ? *found
               : status.jitter.emplace_back(JitterBin{printable(below), 0, 0});
  }
};

}  // namespace

std::string refusals_json(const Refusals& refused) {
  JsonObject object;
  for (std::size_t i = 0; i < refused.size(); ++i)
    if (refused.at(i) != 0) object.add(name_of(static_cast<Reason>(i)), refused.at(i));
  return object.text();
}

std::string to_json(const DaemonStatus& status) {
  const auto nested = [] { return JsonObject{JsonStyle::spaced}; };
  JsonObject object{JsonStyle::lines};
  object.add("version", status.version)
      .add("written", status.written)
      .add("state", name_of(status.state))
      .add("since", status.since)
      .add("summary", status.summary)
      .add_json("reason", status.reason ? json_quote(name_of(*status.reason)) : "null")
      .add_json("last_sample", status.last_sample ? json_of(*status.last_sample) : "null")
      .add("pulses", status.pulses)
      .add("samples", status.samples)
      .add("missed", status.missed)
      .add_json("refused", refusals_json(status.refused));
  if (!status.jitter.empty())
    object.add_json("jitter",
                    nested()
                        .add_json("recent", histogram_json(status.jitter, &JitterBin::recent))
                        .add_json("total", histogram_json(status.jitter, &JitterBin::total))
                        .text());
  object
      .add_json("gpsd", nested()
                            .add("connected", status.gpsd_connected)
                            .add("trouble", status.gpsd_trouble)
                            .text())
      .add_json("receiver", nested()
                                .add("device", status.device)
                                .add("fix_mode", status.fix_mode)
                                .add("satellites_used", status.satellites)
                                .text())
      .add_json("pps", nested()
                           .add("source", status.pulse_source)
                           .add("open", status.pulse_source_open)
                           .add("pulses_come", status.pulses_come)
                           .add("trouble", status.pulse_trouble)
                           .text())
      .add_json("chrony", nested()
                              .add("sink", status.sink)
                              .add("takes_samples", status.takes_samples)
                              .add("trouble", status.sink_trouble)
                              .text())
      .add_json("lateness", nested()
                                .add("mode", name_of(status.lateness))
                                .add_json("share", fmt::format("{:.2f}", status.lateness_share))
                                .add("latency_ns", status.latency.count())
                                .add("latency_uncertainty_ns", status.latency_uncertainty.count())
                                .text());
  return object.text() + "\n";
}

std::optional<DaemonStatus> parse_status(std::string_view text) {
  Reader reader;
  JsonParser parser{{std::size_t{1} << 16, 8}};
  const bool object = parser.parse_nested(text, std::ref(reader));
  return object && reader.has_state ? std::optional{std::move(reader.status)} : std::nullopt;
}

}  // namespace ntsbox
