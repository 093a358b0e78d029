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
  std::map<double, double>
      sleeps;  // for how long the machine sleeps: monotonic and raw stand still

  struct Slew {
    double from, until, ppm;
  };

  std::vector<Slew> slews;  // system and monotonic run faster meanwhile
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
  std::function<bool(int)> sends_tpv = [](int) { return true; };
  std::function<nanoseconds(int)> toff_clock = [](int) { return 0ns; };  // error of its stamp
  std::function<double(int)> toff_delay = [](int) { return 0.002; };     // first byte to TOFF
  std::function<std::optional<int>(int)> leap_seconds = [](int) { return std::nullopt; };
  std::function<int(int)> fix_status = [](int) { return 0; };
  std::function<std::string_view(int)> device = [](int) { return "/dev/ttyAMA0"; };
  std::function<int(int)> mode = [](int) { return 3; };
  std::map<double, std::function<Event(Reading)>> extras;            // other events, by time
  ClockStatus status{false, 16s};                                    // what the ticks say
  std::function<double(int)> handover = [](int) { return 0.0001; };  // edge to loop
  std::function<std::uint64_t(std::uint64_t)> sequence = [](std::uint64_t n) { return n; };
  int leap_at =
      -1;  // the pulse of this true second is 23:59:60: seconds after it are one less in UTC
  std::function<std::int64_t(int)> truth_label = [](int) { return 0; };  // a second left out
  unsigned seed = 1;

  struct Timed {
    double when;
    std::function<Event(Reading)> make;
    std::optional<std::size_t> edge{};  // which of edges(), for a pulse
  };

  struct Lived {
    Event event;
    std::optional<std::size_t> edge;
    double when = 0;
  };

  /// UTC's number of the second that began at `second`; the leap second itself has the number of
  /// the next.
  [[nodiscard]] std::int64_t utc(int second) const {
    return start + second + truth_label(second) - (leap_at >= 0 && second > leap_at ? 1 : 0);
  }

  [[nodiscard]] nanoseconds stepped(double when) const {
    nanoseconds sum{};
    for (const auto& [at, step] : steps)
      if (at <= when) sum += step;
    return sum;
  }

  [[nodiscard]] double slewed(double when) const {
    double sum = 0;
    for (const auto& slew : slews)
      if (when > slew.from) sum += (std::min(when, slew.until) - slew.from) * slew.ppm * 1e-6;
    return sum;
  }

  /// How long the machine has slept, and whether it does.
  [[nodiscard]] double slept(double when) const {
    double sum = 0;
    for (const auto& [from, length] : sleeps) sum += std::clamp(when - from, 0.0, length);
    return sum;
  }

  [[nodiscard]] bool sleeps_at(double when) const {
    return std::any_of(sleeps.begin(), sleeps.end(), [when](const auto& sleep) {
      return when >= sleep.first && when < sleep.first + sleep.second;
    });
  }

  static nanoseconds span(double s) { return nanoseconds{static_cast<std::int64_t>(s * 1e9)}; }

  /// What CLOCK_REALTIME shows at a true time: exact for whole seconds.
  [[nodiscard]] SystemTime system_at(double when) const {
    const auto whole = static_cast<std::int64_t>(when);
    return SystemTime{seconds{start + whole} + span(when - static_cast<double>(whole)) +
                      clock_error + span(when * clock_ppm * 1e-6 + slewed(when)) + stepped(when)};
  }

  [[nodiscard]] Reading read(double when, nanoseconds noise) const {
    const auto awake = when - slept(when);
    const auto since = span(awake * (1 + clock_ppm * 1e-6) + slewed(when));
    Reading at{system_at(when), MonotonicTime{1000s + since + noise}, std::nullopt};
    if (raw) at.raw = RawTime{900s + span(awake * (1 + raw_ppm * 1e-6)) + noise / 2};
    return at;
  }

  struct Truth {
    int second;         // the true second in which the edge was
    nanoseconds after;  // how long after its beginning it was stamped
    bool pulse;         // or a glitch
  };

  /// The truth of each edge, in their order.
  [[nodiscard]] std::vector<Truth> edges(int length) const {
    std::vector<Truth> edges;
    for (int s = 0; s < length; ++s) {
      auto phases = extra_edges(s);
      if (pulse(s)) phases.push_back(0);
      std::sort(phases.begin(), phases.end());
      for (const auto phase : phases)
        edges.push_back({s, phase == 0 ? pulse_delay(s) : span(phase), phase == 0});
    }
    return edges;
  }

  /// The events of `length` seconds.
  [[nodiscard]] std::vector<Event> live(int length) const {
    std::vector<Event> events;
    for (const auto& one : lived(length)) events.push_back(one.event);
    return events;
  }

  /// The same, and which edge each pulse is.
  [[nodiscard]] std::vector<Lived> lived(int length) const {
    std::mt19937 random{seed};
    std::vector<Timed> timed;
    const auto all_edges = edges(length);
    for (std::size_t i = 0; i < all_edges.size(); ++i) {
      const auto& edge = all_edges[i];
      const auto when =
          edge.second + (edge.pulse ? 0 : static_cast<double>(edge.after.count()) / 1e9);
      if (sleeps_at(when)) continue;
      const Pulse stamped{system_at(when) + (edge.pulse ? edge.after : 0ns), sequence(100 + i)};
      timed.push_back({when + handover(edge.second),
                       [stamped](Reading at) {
                         return Event{at, stamped};
                       },
                       i});
    }
    for (int s = 0; s < length; ++s) {
      timed.push_back({s + 0.55, [this](Reading at) { return Event{at, Tick{status}}; }});
      if (speaks(s)) sentences(s, timed);
    }
    for (const auto& [when, make] : extras) timed.push_back({when, make});
    std::stable_sort(timed.begin(), timed.end(),
                     [](const auto& a, const auto& b) { return a.when < b.when; });
    std::vector<Lived> lived;
    lived.reserve(timed.size());
    for (const auto& t : timed) {
      const auto event = t.make(read(t.when, reading_noise(random)));
      if (!sleeps_at(t.when)) lived.push_back({event, t.edge, t.when});
    }
    return lived;
  }

 private:
  void sentences(int s, std::vector<Timed>& timed) const {
    const UtcInstant time{UtcSecond{seconds{utc(s) - truth_label(s) + label(s)}},
                          span(fix_fraction)};
    const auto burst = s + fix_fraction + latency(s);
    const int fix_mode = mode(s);
    if (fix_mode >= 2 && sends_toff(s)) {
      const TimeReport toff{device(s),
                            {time.second + seconds{toff_label(s)}, time.fraction},
                            system_at(burst) + toff_clock(s)};
      timed.push_back({burst + toff_delay(s), [toff](Reading at) {
                         return Event{at, GpsdReport{toff}};
                       }});
    }
    if (!sends_tpv(s)) return;
    FixReport tpv{device(s), fix_mode, fix_status(s), std::nullopt, leap_seconds(s)};
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
  int wrong = 0;         // samples that are off by more than 1 ms, or that disagree with themselves
  int first_wrong = -1;  // in which true second
  std::vector<int> sent;  // the true second, since the start, of each right sample of a pulse
  std::map<Reason, int> refused;
  std::vector<State> states;  // as they changed

  [[nodiscard]] int sent_between(int from, int until) const {
    return static_cast<int>(
        std::count_if(sent.begin(), sent.end(), [&](int s) { return s >= from && s < until; }));
  }
};

/// Whether a sample that was sent at `when` tells the truth: the clock, as it is set by then, is
/// off by what it says, to a millisecond.
inline bool is_right(const World& world, const World::Truth& edge, const Sample& sample,
                     double when) {
  const double at = edge.second + static_cast<double>(edge.after.count()) / 1e9;
  const int nearest = edge.second + (edge.after > 500ms ? 1 : 0);
  const auto clock_error = world.clock_error +
                           World::span(at * world.clock_ppm * 1e-6 + world.slewed(at)) +
                           world.stepped(when);
  const auto truth = seconds{world.utc(nearest) - world.start - nearest} - clock_error;
  return nearest != world.leap_at && std::chrono::abs(sample.offset - truth) <= 1ms &&
         sample.offset == *offset_of(sample.second, sample.stamp);
}

inline Outcome live(const World& world, int length, BridgeOptions options) {
  Bridge bridge{std::move(options)};
  const auto edges = world.edges(length);
  Outcome outcome;
  for (const auto& lived : world.lived(length)) {
    const auto step = bridge.step(lived.event);
    if (step.state) outcome.states.push_back(*step.state);
    if (!step.verdict) continue;
    if (const auto* reason = std::get_if<Reason>(&*step.verdict)) {
      ++outcome.refused[*reason];
      continue;
    }
    const auto& edge = edges[*lived.edge];
    ++outcome.samples;
    if (is_right(world, edge, std::get<Sample>(*step.verdict), lived.when)) {
      if (edge.pulse) outcome.sent.push_back(edge.second);
    } else if (++outcome.wrong == 1) {
      outcome.first_wrong = edge.second;
    }
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
