#include "driver/core/health.h"

#include <fmt/format.h>

#include "base/release.h"

namespace ntsbox::driver {
namespace {

UtcSecond second_of(SystemTime time) {
  return UtcSecond{std::chrono::floor<seconds>(time.time_since_epoch())};
}

std::vector<JitterBin> bins_of(const Jitter& jitter) {
  std::vector<JitterBin> bins;
  for (std::size_t bin = 0; bin < Jitter::bin_count; ++bin)
    bins.push_back({std::string{Jitter::below(bin)},
                    static_cast<std::int64_t>(jitter.recent().at(bin)),
                    static_cast<std::int64_t>(jitter.total().at(bin))});
  return bins;
}

std::string describe_obstacle(const Health& health) {
  // The connection attempt knows the exact cause.
  if (*health.obstacle == Reason::no_gpsd && !health.gpsd_trouble.empty())
    return health.gpsd_trouble;
  auto words = std::string{words_for(*health.obstacle)};
  const bool by_delay = health.obstacle == Reason::early_messages ||
                        health.obstacle == Reason::late_messages ||
                        health.obstacle == Reason::ambiguous;
  if (by_delay && health.message_delay)
    words += fmt::format(" (their time comes {} ms after the pulse)", *health.message_delay / 1ms);
  // Reported, never corrected: it takes newer firmware or another receiver.
  if (health.suspected_rollovers)
    words += fmt::format(" ({:+} weeks would make it fit: a week rollover is suspected)",
                         *health.suspected_rollovers * 1024);
  return words;
}

std::string describe_missing_pulses(const Health& health) {
  if (!health.pulse_trouble.empty()) return health.pulse_trouble;
  return "no pulses arrive: is the PPS wire connected, and the receiver set to send pulses?";
}

/// What the bridge waits for when no check objects.
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

/// Why no samples are sent; empty when they are, and when no pulses arrive.
std::optional<Reason> reason_of(const Health& health) {
  if (health.state == State::locked) return std::nullopt;
  if (health.obstacle || !health.pulses_come) return health.obstacle;
  return awaited_in(health.state);
}

std::string why_silent(const Health& health) {
  std::string why = health.obstacle ? describe_obstacle(health) : "";
  if (health.pulses_come) return why;
  return why.empty() ? describe_missing_pulses(health)
                     : why + "; and " + describe_missing_pulses(health);
}

}  // namespace

HeadlineKey headline_key(const Health& health) {
  if (health.state == State::locked) return {State::locked, std::nullopt, true};
  return {health.state, health.obstacle, health.pulses_come};
}

std::string headline(const Health& health) {
  if (health.state == State::locked)
    return "LOCKED: every pulse has its second, samples go to chronyd";
  auto why = why_silent(health);
  if (const auto awaited = awaited_in(health.state); why.empty())
    why = awaited ? words_for(*awaited) : "nothing to judge yet";
  return fmt::format("{}: no samples: {}", name_of(health.state), why);
}

DaemonStatus status_of(const Health& health, SystemTime written) {
  const auto& counters = *health.counters;
  DaemonStatus status;
  status.version = version();
  status.written = second_of(written);
  status.state = health.state;
  status.since = second_of(health.since);
  status.summary = headline(health);
  status.reason = reason_of(health);
  if (const auto& sample = health.last_sample)
    status.last_sample = LastSample{sample->second, sample->offset, sample->correction};
  status.pulses = static_cast<std::int64_t>(counters.pulses);
  status.samples = static_cast<std::int64_t>(counters.samples);
  status.missed = static_cast<std::int64_t>(counters.missed);
  status.refused = counters.refused;
  if (health.jitter) status.jitter = bins_of(*health.jitter);
  status.gpsd_connected = health.gpsd_connected;
  status.gpsd_trouble = health.gpsd_trouble;
  status.device = health.device;
  status.fix_mode = health.fix_mode;
  status.satellites = health.satellites_used;
  status.pulse_source = health.pulse_source;
  status.pulse_source_open = health.pulse_source_open;
  status.pulses_come = health.pulses_come;
  status.pulse_trouble = health.pulse_trouble;
  status.sink = health.sink;
  status.takes_samples = health.sink_takes;
  status.sink_trouble = health.sink_trouble;
  status.lateness = health.lateness;
  status.lateness_share = health.lateness_share;
  status.latency = health.latency.usual;
  status.latency_uncertainty = health.latency.uncertainty;
  return status;
}

}  // namespace ntsbox::driver
