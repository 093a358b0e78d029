#pragma once
// A simulated life of a receiver, its pulse and the machine's clocks, with truth known. Events come
// out in the order in which a loop would have received them.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "driver/core/bridge.h"
#include "driver/core/event_log.h"

namespace ntsbox::driver::testing {

inline constexpr std::int64_t a_morning = 1'795'341'600;  // 2026-11-22T10:00:00Z

struct World {
  // What the machine's clocks do. All times below are true seconds since the start unless said
  // otherwise.
  std::int64_t start = a_morning;       // the true second at 0
  nanoseconds clock_error = 40us;       // system minus true time at 0
  double clock_ppm = 0;                 // how fast system and monotonic run
  double raw_ppm = 20;                  // how fast raw runs
  bool raw = true;                      // whether events carry raw
  std::map<double, nanoseconds> steps;  // steps of the system clock
  std::function<nanoseconds(std::mt19937&)> reading_noise = [](std::mt19937&) { return 300ns; };

  // What the receiver does, for the epoch of each true second.
  std::function<bool(int)> pulse = [](int) { return true; };
  std::function<nanoseconds(int)> pulse_delay = [](int) {
    return 0ns;
  };  // lateness of the edge's stamp
  std::function<std::vector<double>(int)> extra_edges = [](int) { return std::vector<double>{}; };
  std::function<double(int)> latency = [](int) { return 0.15; };   // pulse to first byte
  double cycle = 0.2;                                              // first byte to TPV
  double fix_fraction = 0;                                         // of the receiver's epochs
  std::function<std::int64_t(int)> label = [](int) { return 0; };  // seconds wrong in TPV and TOFF
  std::function<std::int64_t(int)> toff_label = [](int) { return 0; };  // further, in TOFF alone
  std::function<bool(int)> speaks = [](int) { return true; };
  std::function<bool(int)> sends_toff = [](int) { return true; };
  std::function<int(int)> mode = [](int) { return 3; };
  std::map<double, std::function<Event(Reading)>> extras;            // other events, by time
  ClockStatus status{false, 16s};                                    // what the ticks say
  std::function<double(int)> handover = [](int) { return 0.0001; };  // edge to loop
  int leap_at =
      -1;  // the pulse of this true second is 23:59:60: seconds after it are one less in UTC
  unsigned seed = 1;

  struct Timed {
    double when;
    std::function<Event(Reading)> make;
  };

  /// UTC's number of the second that began at `second`; the leap second itself has the number of
  /// the next.
  [[nodiscard]] std::int64_t utc(int second) const {
    return start + second - (leap_at >= 0 && second > leap_at ? 1 : 0);
  }

  [[nodiscard]] nanoseconds stepped(double when) const {
    nanoseconds sum{};
    for (const auto& [at, step] : steps)
      if (at <= when) sum += step;
    return sum;
  }

  static nanoseconds span(double s) { return nanoseconds{static_cast<std::int64_t>(s * 1e9)}; }

  /// What CLOCK_REALTIME shows at a true time: exact for whole seconds.
  [[nodiscard]] SystemTime system_at(double when) const {
    const auto whole = static_cast<std::int64_t>(when);
    return SystemTime{seconds{start + whole} + span(when - static_cast<double>(whole)) +
                      clock_error + span(when * clock_ppm * 1e-6) + stepped(when)};
  }

  [[nodiscard]] Reading read(double when, nanoseconds noise) const {
    const auto since = span(when * (1 + clock_ppm * 1e-6));
    Reading at{system_at(when), MonotonicTime{1000s + since + noise}, std::nullopt};
    if (raw) at.raw = RawTime{900s + span(when * (1 + raw_ppm * 1e-6)) + noise / 2};
    return at;
  }

  /// The true second that each sequence number marked; extra edges mark none.
  [[nodiscard]] std::map<std::uint64_t, int> marks(int length) const {
    std::map<std::uint64_t, int> marks;
    std::uint64_t sequence = 100;
    for (int s = 0; s < length; ++s) {
      if (pulse(s)) marks[sequence++] = s;
      sequence += extra_edges(s).size();
    }
    return marks;
  }

  /// The events of `length` seconds.
  [[nodiscard]] std::vector<Event> live(int length) const {
    std::mt19937 random{seed};
    std::vector<Timed> timed;
    std::uint64_t sequence = 100;
    for (int s = 0; s < length; ++s) {
      auto edges = extra_edges(s);
      if (pulse(s)) edges.push_back(0);
      std::sort(edges.begin(), edges.end());
      for (const auto phase : edges) {
        const auto edge = s + phase;
        const auto stamp = system_at(edge) + (phase == 0 ? pulse_delay(s) : 0ns);
        const auto n = sequence++;
        timed.push_back({edge + handover(s), [=](Reading at) {
                           return Event{at, Pulse{stamp, n}};
                         }});
      }
      timed.push_back({s + 0.55, [this](Reading at) { return Event{at, Tick{status}}; }});
      if (speaks(s)) sentences(s, timed);
    }
    for (const auto& [when, make] : extras) timed.push_back({when, make});
    std::stable_sort(timed.begin(), timed.end(),
                     [](const auto& a, const auto& b) { return a.when < b.when; });
    std::vector<Event> events;
    events.reserve(timed.size());
    for (const auto& t : timed) events.push_back(t.make(read(t.when, reading_noise(random))));
    return events;
  }

 private:
  void sentences(int s, std::vector<Timed>& timed) const {
    const UtcInstant time{UtcSecond{seconds{utc(s) + label(s)}}, span(fix_fraction)};
    const auto burst = s + fix_fraction + latency(s);
    const int fix_mode = mode(s);
    if (fix_mode >= 2 && sends_toff(s)) {
      const TimeReport toff{
          "/dev/ttyAMA0", {time.second + seconds{toff_label(s)}, time.fraction}, system_at(burst)};
      timed.push_back({burst + 0.002, [toff](Reading at) { return Event{at, GpsdReport{toff}}; }});
    }
    FixReport tpv{"/dev/ttyAMA0", fix_mode, 0, std::nullopt};
    if (fix_mode >= 2) tpv.time = time;
    timed.push_back({burst + cycle, [tpv](Reading at) { return Event{at, GpsdReport{tpv}}; }});
  }
};

/// An event as a line of the event log; reports in gpsd's own words.
inline std::string logged(const Event& event) {
  const auto* report = std::get_if<GpsdReport>(&event.what);
  if (!report) return log_event(event);
  std::string line;
  if (const auto* fix = std::get_if<FixReport>(report)) {
    line = R"({"class":"TPV","device":")" + std::string{fix->device} + R"(","mode":)" +
           std::to_string(fix->mode);
    if (fix->time) line += R"(,"time":")" + format_iso_utc(fix->time->second) + '"';
    line += "}";
  } else if (const auto* time = std::get_if<TimeReport>(report)) {
    const auto clock = time->clock.time_since_epoch();
    const auto whole = std::chrono::floor<seconds>(clock);
    line = R"({"class":"TOFF","device":")" + std::string{time->device} + R"(","real_sec":)" +
           std::to_string(time->real.second.time_since_epoch().count()) + R"(, "real_nsec":)" +
           std::to_string(time->real.fraction.count()) + R"(,"clock_sec":)" +
           std::to_string(whole.count()) + R"(,"clock_nsec":)" +
           std::to_string((clock - whole).count()) + "}";
  }
  return log_gpsd_line(event.at, line);
}

/// What a bridge made of a world.
struct Outcome {
  int samples = 0;
  int wrong = 0;          // samples whose second, or whose edge, is not the truth's
  std::vector<int> sent;  // the true second, since the start, of each sample
  std::map<Reason, int> refused;
  std::vector<State> states;  // as they changed
  std::vector<nanoseconds> errors;

  [[nodiscard]] int sent_between(int from, int until) const {
    return static_cast<int>(
        std::count_if(sent.begin(), sent.end(), [&](int s) { return s >= from && s < until; }));
  }
};

inline Outcome live(const World& world, int length, BridgeOptions options) {
  Bridge bridge{std::move(options)};
  const auto truth = world.marks(length);
  Outcome outcome;
  for (const auto& event : world.live(length)) {
    const auto step = bridge.step(event);
    if (step.state) outcome.states.push_back(*step.state);
    if (!step.verdict) continue;
    if (const auto* reason = std::get_if<Reason>(&*step.verdict)) {
      ++outcome.refused[*reason];
      continue;
    }
    const auto& sample = std::get<Sample>(*step.verdict);
    const auto found = truth.find(std::get<Pulse>(event.what).sequence);
    ++outcome.samples;
    if (found == truth.end() || found->second == world.leap_at ||
        sample.second != UtcSecond{seconds{world.utc(found->second)}} ||
        sample.offset != *offset_of(sample.second, sample.stamp))
      ++outcome.wrong;
    else
      outcome.sent.push_back(found->second);
  }
  return outcome;
}

inline BridgeOptions options() {
  BridgeOptions chosen;
  chosen.floor = UtcSecond{seconds{1'767'225'600}};  // 2026-01-01
  return chosen;
}

inline Outcome live(const World& world, int length) {
  return live(world, length, options());
}

}  // namespace ntsbox::driver::testing
