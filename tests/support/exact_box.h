#pragma once
// A machine whose clocks are exact, for the bridge's limits to the nanosecond.

#include <cstdint>
#include <optional>
#include <utility>

#include "driver/core/bridge.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

namespace ntsbox::driver::testing {

using scenarios::a_morning;
using scenarios::options;

/// A machine whose clocks are exact: the messages for second s come at s + 0.15 s (TOFF, received 2
/// ms later) and s + 0.35 s (TPV). Copies go on from where it is.
struct Box {
  explicit Box(BridgeOptions with = options()) : bridge(std::move(with)) {}

  Bridge bridge;
  nanoseconds error = 40us;  // system less true time
  bool raw = true;

  [[nodiscard]] Reading at(nanoseconds when) const {
    Reading reading{SystemTime{seconds{a_morning} + when + error}, MonotonicTime{1000s + when},
                    std::nullopt};
    if (raw) reading.raw = RawTime{900s + when};
    return reading;
  }

  Decision pulse(nanoseconds edge, nanoseconds late = 100us) {
    return handed(edge, at(edge + late));
  }

  Decision handed(nanoseconds edge, const Reading& reading) {
    const Pulse one{at(edge).system, ++sequence};
    return *bridge.step({reading, one}).decision;
  }

  void toff(nanoseconds burst, std::int64_t second, nanoseconds received) {
    const TimeReport report{
        "/dev/ttyAMA0", {UtcSecond{seconds{a_morning + second}}, 0ns}, at(burst).system};
    bridge.step({at(received), GpsdReport{report}});
  }

  void toff(nanoseconds burst, std::int64_t second) { toff(burst, second, burst + 2ms); }

  void tpv(nanoseconds received, std::int64_t second) {
    const UtcInstant time{UtcSecond{seconds{a_morning + second}}, 0ns};
    bridge.step({at(received), GpsdReport{FixReport{"/dev/ttyAMA0", 3, 0, time, std::nullopt}}});
  }

  void sentences(std::int64_t second) {
    toff(seconds{second} + 150ms, second);
    tpv(seconds{second} + 350ms, second);
  }

  void live(int from, int until) {
    for (int s = from; s < until; ++s) {
      pulse(seconds{s});
      sentences(s);
    }
  }

  void tick(nanoseconds when, std::optional<ClockStatus> status = std::nullopt) {
    bridge.step({at(when), Tick{status}});
  }

  State state_at(nanoseconds when) {
    tick(when);
    return bridge.state();
  }

  std::uint64_t sequence = 100;
};

/// One that has sent samples up to second 59.
inline Box locked() {
  Box box;
  box.live(0, 60);
  REQUIRE(box.bridge.state() == State::locked);
  return box;
}

inline bool sent(const Decision& decision) {
  return std::holds_alternative<Sample>(decision);
}

inline Reason reason(const Decision& decision) {
  REQUIRE(std::holds_alternative<Reason>(decision));
  return std::get<Reason>(decision);
}

}  // namespace ntsbox::driver::testing
