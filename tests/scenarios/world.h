#pragma once
// A scenario that a test describes by functions of the second: the receiver, its pulse and the
// machine's clocks. The events come in the order in which the daemon would receive them.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "driver/core/bridge.h"
#include "tests/scenarios/event.h"

namespace ntsbox::scenarios {

inline constexpr std::int64_t a_morning = 1'795'341'600;  // 2026-11-22T10:00:00Z

/// All times are true seconds since the start unless noted.
struct World {
  // The machine's clocks.
  std::int64_t start = a_morning;       // the true second at 0
  nanoseconds clock_error = 40us;       // system minus true time at 0
  double clock_ppm = 0;                 // frequency error of system and monotonic
  double raw_ppm = 20;                  // frequency error of raw
  bool raw = true;                      // whether events have raw
  std::map<double, nanoseconds> steps;  // of the system clock, by time
  std::map<double, double> sleeps;      // length of each sleep: monotonic and raw stand still

  struct Slew {
    double from, until, ppm;
  };

  std::vector<Slew> slews;  // of system and monotonic
  std::function<nanoseconds(std::mt19937&)> reading_noise = [](std::mt19937&) { return 300ns; };

  // The receiver, for the epoch of each true second.
  std::function<bool(int)> pulse = [](int) { return true; };
  std::function<nanoseconds(int)> pulse_delay = [](int) { return 0ns; };  // of the edge's stamp
  std::function<std::vector<double>(int)> extra_edges = [](int) { return std::vector<double>{}; };
  std::function<double(int)> latency = [](int) { return 0.15; };        // pulse to first byte
  double cycle = 0.2;                                                   // first byte to TPV
  double fix_fraction = 0;                                              // of the receiver's epochs
  std::function<std::int64_t(int)> label = [](int) { return 0; };       // error of TPV and TOFF [s]
  std::function<std::int64_t(int)> toff_label = [](int) { return 0; };  // further error of TOFF [s]
  std::function<bool(int)> speaks = [](int) { return true; };           // sends messages
  std::function<bool(int)> sends_toff = [](int) { return true; };
  std::function<bool(int)> sends_tpv = [](int) { return true; };
  std::function<nanoseconds(int)> toff_clock = [](int) { return 0ns; };  // error of its stamp
  std::function<double(int)> toff_delay = [](int) { return 0.002; };     // first byte to TOFF
  std::function<std::optional<int>(int)> leap_seconds = [](int) { return std::nullopt; };
  std::function<int(int)> fix_status = [](int) { return 0; };
  std::function<std::string_view(int)> device = [](int) { return "/dev/ttyAMA0"; };
  std::function<int(int)> mode = [](int) { return 3; };
  std::map<double, std::function<driver::Event(ClockReading)>> extras;  // other events, by time
  ClockStatus status{false, 16s};                                       // of the ticks
  std::function<double(int)> handover = [](int) { return 0.0001; };     // edge to daemon
  std::function<std::uint64_t(std::uint64_t)> sequence = [](std::uint64_t n) { return n; };
  int leap_at = -1;  // the pulse of this true second is 23:59:60; UTC is one less after it
  std::function<std::int64_t(int)> truth_label = [](int) { return 0; };  // a second left out
  unsigned seed = 1;

  /// UTC of the second that began at `second`; the leap second itself has the number of the next.
  [[nodiscard]] std::int64_t utc(int second) const {
    return start + second + truth_label(second) - (leap_at >= 0 && second > leap_at ? 1 : 0);
  }

  [[nodiscard]] nanoseconds stepped(double when) const;
  [[nodiscard]] double slewed(double when) const;

  [[nodiscard]] static nanoseconds span(double s) {
    return nanoseconds{static_cast<std::int64_t>(s * 1e9)};
  }

  /// CLOCK_REALTIME at a true time: exact for whole seconds.
  [[nodiscard]] SystemTime system_at(double when) const;
  [[nodiscard]] ClockReading read(double when, nanoseconds noise) const;

  /// The events of `length` seconds, with the truth of each edge.
  [[nodiscard]] std::vector<SimulatedEvent> simulate(int length) const;
  /// The events alone.
  [[nodiscard]] std::vector<driver::Event> live(int length) const;

 private:
  struct Timed;
  struct Edge;

  [[nodiscard]] double slept(double when) const;
  [[nodiscard]] bool sleeps_at(double when) const;
  [[nodiscard]] std::vector<Edge> edges(int length) const;
  [[nodiscard]] EdgeTruth truth_of(const Edge& edge, double handed_over) const;
  double add_messages(int s, double line_free, std::vector<Timed>& timed) const;
};

/// An event as a line of the event log, with reports as gpsd writes them.
[[nodiscard]] std::string logged(const driver::Event& event);

/// The decisions of a bridge in a world.
struct Outcome {
  int samples = 0;
  int wrong = 0;         // samples off by more than 1 ms, or whose offset does not fit their second
  int first_wrong = -1;  // its true second
  nanoseconds worst{};   // the largest error of a sample
  std::vector<int> sent;  // the true second of each right sample of a pulse
  std::map<Reason, int> refused;
  std::vector<State> states;  // as they changed

  [[nodiscard]] int sent_between(int from, int until) const {
    return static_cast<int>(
        std::count_if(sent.begin(), sent.end(), [&](int s) { return s >= from && s < until; }));
  }

  /// Adds the decision on an edge.
  void add(const driver::Decision& decision, const EdgeTruth& edge, UtcSecond start);
};

/// The bridge's defaults, with 2026-01-01 for the earliest accepted date.
[[nodiscard]] driver::BridgeOptions options();

[[nodiscard]] Outcome live(const World& world, int length, driver::BridgeOptions options);
[[nodiscard]] Outcome live(const World& world, int length);

}  // namespace ntsbox::scenarios
