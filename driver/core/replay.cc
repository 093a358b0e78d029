#include "driver/core/replay.h"

#include <fmt/format.h>

#include <iterator>

#include "base/release.h"
#include "contract/status_file.h"
#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

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

Replay::Replay() : bridge_(own_options()) {}

void Replay::start(const LogStart& start) {
  before_ = sum(before_, bridge_.counters());
  auto options = own_options();
  if (start.earliest_date) options.earliest_date = *start.earliest_date;
  if (start.witness) options.witness = *start.witness;
  if (start.device) options.device = *start.device;
  if (start.lateness) options.lateness = *start.lateness;
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
  return fmt::format("{{\"decision\":\"summary\",\"pulses\":{},\"samples\":{},\"refused\":{}}}\n",
                     total.pulses, total.samples, refusals_json(total.refused));
}

void append_decision(std::string& out, const Decision& decision, std::string_view stamp,
                     const Pulse& pulse) {
  const auto to = std::back_inserter(out);
  if (const auto* sample = std::get_if<Sample>(&decision)) {
    fmt::format_to(
        to,
        R"({{"decision":"sample","stamp":"{}","sequence":{},"offset_ns":{},"second":{},"leap":0)",
        stamp, pulse.sequence, sample->offset.count(), sample->second.time_since_epoch().count());
    if (sample->correction != 0ns)
      fmt::format_to(to, R"(,"correction_ns":{})", sample->correction.count());
    out += "}\n";
  } else {
    fmt::format_to(
        to, "{{\"decision\":\"refused\",\"stamp\":\"{}\",\"sequence\":{},\"reason\":\"{}\"}}\n",
        stamp, pulse.sequence, name_of(std::get<Reason>(decision)));
  }
}

void append_state(std::string& out, State state, MonotonicTime since) {
  fmt::format_to(std::back_inserter(out),
                 "{{\"decision\":\"state\",\"state\":\"{}\",\"monotonic\":\"{}\"}}\n",
                 name_of(state), format_decimal_seconds(since.time_since_epoch()));
}

}  // namespace ntsbox::driver
