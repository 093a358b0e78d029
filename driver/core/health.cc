#include "driver/core/health.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/release.h"
#include "driver/core/replay.h"

namespace ntsbox::driver {
namespace {

std::string iso(SystemTime time) {
  return format_iso_utc(UtcSecond{std::chrono::floor<seconds>(time.time_since_epoch())});
}

std::string last_sample_json(const std::optional<Sample>& sample) {
  if (!sample) return "null";
  return fmt::format(R"({{"second": {}, "utc": "{}", "offset_ns": {}, "correction_ns": {}}})",
                     sample->second.time_since_epoch().count(), format_iso_utc(sample->second),
                     sample->offset.count(), sample->correction.count());
}

std::string histogram_json(const Jitter::Histogram& histogram) {
  std::string out = "{";
  for (std::size_t bin = 0; bin < histogram.size(); ++bin)
    out += fmt::format(R"({}"{}": {})", bin == 0 ? "" : ", ", Jitter::below(bin), histogram[bin]);
  return out + "}";
}

std::string doubt_in_words(const Health& health) {
  // Whoever tried to reach it knows better.
  if (*health.doubt == Reason::no_gpsd && !health.gpsd_trouble.empty()) return health.gpsd_trouble;
  auto words = std::string{words_for(*health.doubt)};
  // Said, and never repaired: another receiver, or newer firmware, is the cure.
  if (health.suspected_rollovers)
    words += fmt::format(" ({:+} weeks would make it fit: a week rollover is suspected)",
                         *health.suspected_rollovers * 1024);
  return words;
}

std::string silence_in_words(const Health& health) {
  if (!health.pulse_trouble.empty()) return health.pulse_trouble;
  return "no pulses arrive: is the PPS wire connected, and the receiver set to send pulses?";
}

/// What the bridge waits for, where nothing stands in the way.
std::optional<Reason> awaited_in(State state) {
  switch (state) {
    case State::waiting:
    case State::locked:
      break;
    case State::acquiring:
      return Reason::acquiring;
    case State::hold:
      return Reason::hold;
    case State::fault:
      return Reason::fault;
  }
  return std::nullopt;
}

/// Why no samples go out; empty when they do, and when there are no pulses to judge.
std::optional<Reason> reason_of(const Health& health) {
  if (health.state == State::locked) return std::nullopt;
  if (health.doubt || !health.pulses_come) return health.doubt;
  return awaited_in(health.state);
}

std::string why_silent(const Health& health) {
  std::string why = health.doubt ? doubt_in_words(health) : "";
  if (health.pulses_come) return why;
  return why.empty() ? silence_in_words(health) : why + "; and " + silence_in_words(health);
}

}  // namespace

std::string_view words_for(Reason reason) {
  switch (reason) {
    case Reason::clock_range:
      return "the system clock is beyond what chronyd can correct: set it by hand once";
    case Reason::duplicate:
      return "an edge was reported twice";
    case Reason::clock_step:
      return "the system clock was stepped while a pulse was on its way";
    case Reason::off_beat:
      return "an edge came off the beat: is the wire noisy, or the other edge captured?";
    case Reason::pulse_rate:
      return "the pulses are not once a second: is the receiver set to 1 Hz, the wire shielded?";
    case Reason::late:
      return "pulses were handed over too late: is the machine overloaded?";
    case Reason::no_gpsd:
      return "gpsd cannot be reached: is it running? (systemctl status gpsd)";
    case Reason::no_receiver:
      return "gpsd is there but no receiver speaks: is it plugged in, and does gpsd have its "
             "device?";
    case Reason::several_receivers:
      return "several receivers speak: name the one to follow in [gpsd] device";
    case Reason::no_fix:
      return "gpsd has no fix: is the antenna in sight of the sky?";
    case Reason::no_second:
      return "the receiver's sentences do not name the second (no TOFF from gpsd, or too late)";
    case Reason::time_mismatch:
      return "gpsd's TPV and TOFF tell different seconds";
    case Reason::leap_seconds:
      return "the receiver counts leap seconds that cannot be (stale firmware?): wait for the "
             "almanac, or update it";
    case Reason::before_floor:
      return "the receiver's date is in the past: its firmware may need an update";
    case Reason::after_ceiling:
      return "the receiver's date is too far in the future: its firmware may need an update";
    case Reason::acquiring:
      return "waiting for the receiver to agree with itself for ten seconds";
    case Reason::ambiguous:
      return "the receiver's sentences come so near a pulse that they name no second: fewer "
             "sentences, or a faster line?";
    case Reason::hold:
      return "waiting for the receiver to agree again with the second that is carried";
    case Reason::fault:
      return "the receiver contradicts the second that was known, or the pulse its phase; it must "
             "agree with itself for a minute, or for ten if that is hard to believe";
    case Reason::month_end:
      return "a month ends: silent until the receiver shows whether a leap second came";
    case Reason::witness:
      return "the synchronised system clock disagrees with the receiver: which of them is wrong?";
  }
  return "";
}

Plot plot_of(const Health& health) {
  if (health.state == State::locked) return {State::locked, std::nullopt, true};
  return {health.state, health.doubt, health.pulses_come};
}

std::string headline(const Health& health) {
  if (health.state == State::locked)
    return "LOCKED: every pulse has its second, samples go to chronyd";
  auto why = why_silent(health);
  if (const auto awaited = awaited_in(health.state); why.empty())
    why = awaited ? words_for(*awaited) : "nothing to judge yet";
  return fmt::format("{}: no samples: {}", name_of(health.state), why);
}

std::string status_json(const Health& health, SystemTime written) {
  const auto& counters = *health.counters;
  std::string out = "{\n";
  const auto member = [&out](std::string_view key, std::string_view value) {
    out += fmt::format("{}  \"{}\": {}", out.size() > 2 ? ",\n" : "", key, value);
  };
  member("version", json_quote(version()));
  member("written", json_quote(iso(written)));
  member("state", json_quote(name_of(health.state)));
  member("since", json_quote(iso(health.since)));
  member("summary", json_quote(headline(health)));
  const auto reason = reason_of(health);
  member("reason", reason ? json_quote(name_of(*reason)) : "null");
  member("last_sample", last_sample_json(health.last_sample));
  member("pulses", fmt::to_string(counters.pulses));
  member("samples", fmt::to_string(counters.samples));
  member("missed", fmt::to_string(counters.missed));
  member("refused", refusals_json(counters));
  if (health.jitter)
    member("jitter",
           fmt::format(R"({{"recent": {}, "total": {}}})", histogram_json(health.jitter->recent()),
                       histogram_json(health.jitter->total())));
  member("gpsd", fmt::format(R"({{"connected": {}, "trouble": {}}})", health.gpsd_connected,
                             json_quote(health.gpsd_trouble)));
  member("receiver",
         fmt::format(R"({{"device": {}, "fix_mode": {}, "satellites_used": {}}})",
                     json_quote(health.device), health.fix_mode, health.satellites_used));
  member("pps", fmt::format(R"({{"source": {}, "open": {}, "pulses_come": {}, "trouble": {}}})",
                            json_quote(health.pulse_source), health.pulse_source_open,
                            health.pulses_come, json_quote(health.pulse_trouble)));
  const auto* takes = !health.sink_takes ? "null" : *health.sink_takes ? "true" : "false";
  member("chrony", fmt::format(R"({{"sink": {}, "takes_samples": {}, "trouble": {}}})",
                               json_quote(health.sink), takes, json_quote(health.sink_trouble)));
  member("lateness",
         fmt::format(
             R"({{"mode": "{}", "share": {:.2f}, "latency_ns": {}, "latency_uncertainty_ns": {}}})",
             name_of(health.lateness), health.lateness_share, health.latency.usual.count(),
             health.latency.uncertainty.count()));
  return out + "\n}\n";
}

}  // namespace ntsbox::driver
