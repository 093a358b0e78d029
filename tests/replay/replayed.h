#pragma once
// Replays of simulated worlds: their events as an event log, the decisions, and the truth.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "driver/core/event_log.h"
#include "tests/scenarios/random.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

namespace ntsbox::scenarios {

using driver::Replay;

inline constexpr int length = 300;
inline constexpr std::int64_t rollover = 1024 * 7 * 86'400;
inline constexpr std::int64_t new_year = 1'798'761'600;  // 2027-01-01T00:00:00Z
inline constexpr ClockStatus synchronised{true, 1'200us};

using Change = std::function<void(World&)>;

inline std::string start_line(const World& world) {
  return driver::log_start(world.read(0, 0ns), options());
}

struct Replayed {
  Outcome outcome;
  std::vector<std::string> lines;  // of the decisions, without the summary
  std::string summary;
};

/// The value of a member of a JSON line, without quotes.
inline std::string member(const std::string& line, const std::string& name) {
  const auto at = line.find("\"" + name + "\":");
  REQUIRE(at != std::string::npos);
  const auto begin = at + name.size() + 3;
  const auto text = line.substr(begin, line.find_first_of(",}", begin) - begin);
  return text.starts_with('"') ? text.substr(1, text.size() - 2) : text;
}

inline bool is_state(const std::string& line) {
  return member(line, "decision") == "state";
}

/// The decision that a line of a decision prints.
inline driver::Decision decision_of(const std::string& line, const driver::Pulse& pulse) {
  REQUIRE(member(line, "sequence") == std::to_string(pulse.sequence));
  REQUIRE(member(line, "stamp") == format_decimal_seconds(pulse.stamp.time_since_epoch()));
  if (member(line, "decision") == "sample")
    return driver::Sample{pulse.stamp, UtcSecond{seconds{std::stoll(member(line, "second"))}},
                          nanoseconds{std::stoll(member(line, "offset_ns"))}, 0ns};
  for (std::size_t i = 0; i < reason_count; ++i)
    if (name_of(static_cast<Reason>(i)) == member(line, "reason")) return static_cast<Reason>(i);
  FAIL("no such reason: " << line);
  return Reason{};
}

inline Replayed replay(const World& world, int seconds_long = length) {
  Replay replay;
  std::string out;
  Replayed done;
  REQUIRE(replay.line(start_line(world), out));
  for (const auto& [event, edge] : world.simulate(seconds_long)) {
    out.clear();
    REQUIRE(replay.line(logged(event), out));
    for (std::size_t begin = 0; begin < out.size(); begin = out.find('\n', begin) + 1) {
      done.lines.push_back(out.substr(begin, out.find('\n', begin) - begin));
      if (!edge || is_state(done.lines.back())) continue;
      done.outcome.add(decision_of(done.lines.back(), std::get<driver::Pulse>(event.what)), *edge,
                       UtcSecond{seconds{world.start}});
    }
  }
  done.summary = replay.summary();
  return done;
}

/// A replay of which no sample is wrong and every pulse has one decision.
inline Replayed checked(const World& world) {
  auto done = replay(world);
  const auto& outcome = done.outcome;
  const auto events = world.live(length);
  const auto pulses = std::count_if(events.begin(), events.end(), [](const auto& event) {
    return std::holds_alternative<driver::Pulse>(event.what);
  });
  int refused = 0;
  for (const auto& [reason, count] : outcome.refused) {
    refused += count;
    CHECK_THAT(done.summary, Catch::Matchers::ContainsSubstring(
                                 fmt::format("\"{}\":{}", name_of(reason), count)));
  }
  CHECK(outcome.samples + refused == pulses);
  CHECK(member(done.summary, "decision") == "summary");
  CHECK(member(done.summary, "pulses") == std::to_string(pulses));
  CHECK(member(done.summary, "samples") == std::to_string(outcome.samples));
  CHECK(outcome.wrong == 0);
  return done;
}

inline World changed(const Change& change, bool raw = true, int start_offset = 0) {
  World world;
  world.cycle = 0.06;
  world.raw = raw;
  world.start += start_offset;
  world.reading_noise = [](std::mt19937& random) { return nanoseconds{random() % 2000}; };
  change(world);
  return world;
}

/// A function of the second with one value from `begin` to `end` and another one else.
template <class T>
auto during(int begin, int end, T inside, T outside) {
  return [=](int s) { return s >= begin && s < end ? inside : outside; };
}

template <class T>
auto always(T value) {
  return [=](int) { return value; };
}

/// A delay for each second, at random.
inline std::function<double(int)> spread(double low, double high) {
  return [=](int s) { return Random{5, 0, s}.uniform(low, high); };
}

/// Delays of a receiver whose messages of seconds 150 to 161 are held until 162.
inline double stalled(int s) {
  return s >= 150 && s < 162 ? 162 - s + 0.3 : 0.15;
}

inline Change latency(std::function<double(int)> seconds_late) {
  return [=](World& w) { w.latency = seconds_late; };
}

inline Change label(std::function<std::int64_t(int)> wrong) {
  return [=](World& w) { w.label = wrong; };
}

inline Change edges(std::function<std::vector<double>(int)> further) {
  return [=](World& w) { w.extra_edges = further; };
}

inline Change both(const Change& one, const Change& other) {
  return [=](World& w) {
    one(w);
    other(w);
  };
}

inline const Change nothing = [](World&) {};
inline const Change knows = [](World& w) { w.status = synchronised; };

inline const Change leap = [](World& w) {
  w.start = new_year - 200;
  w.leap_at = 200;
  w.steps[201] = -1s;  // the kernel repeats the second
};

template <class Made>
driver::Event event_at(ClockReading at) {
  return {at, Made{}};
}

inline Change lost_at_150(driver::Event (*made)(ClockReading)) {
  return [=](World& w) { w.extras[150.7] = made; };
}

/// A PPS report of gpsd's with its own second, and an error of quantisation.
inline std::function<driver::Event(ClockReading)> pps_report(std::int64_t second, int picoseconds) {
  return [=](ClockReading at) -> driver::Event {
    using Early = decltype(driver::QuantizationReport::early);
    return {at, driver::GpsdReport{driver::QuantizationReport{
                    "/dev/ttyAMA0", UtcSecond{seconds{second}}, Early{picoseconds}}}};
  };
}

inline std::vector<double> phases(int count, double apart) {
  std::vector<double> all;
  for (int i = 1; i <= count; ++i) all.push_back(i * apart);
  return all;
}

}  // namespace ntsbox::scenarios
