// Pulses by a clock that does what it is told. The wire is a fake: no line of this machine is
// touched.
#include "pps/io/generator.h"

#include <algorithm>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::pps;

namespace {

constexpr seconds ten_o_clock{1'795'341'600};

SystemTime at(nanoseconds since) {
  return SystemTime{ten_o_clock + since};
}

/// Each look at it takes 50 ns; a sleep ends `oversleep` too late.
class FakeClock final : public Timekeeper {
 public:
  SystemTime now() override {
    pass(50ns);
    return system;
  }

  MonotonicTime monotonic() override { return elapsed; }

  void sleep_until(SystemTime time) override {
    ++sleeps;
    const auto late = sleeps == slow_sleep ? 50ms : oversleep;
    pass(std::max(nanoseconds{0}, difference(time, system)) + late);
  }

  bool synchronised() override {
    ++asked;
    return asked < free_from || asked >= free_until;
  }

  void pass(nanoseconds time) {
    system += time;
    elapsed += time;
  }

  SystemTime system = at(300ms);
  MonotonicTime elapsed{};
  nanoseconds oversleep = 60us;
  int sleeps = 0, slow_sleep = 0, asked = 0, free_from = 1000, free_until = 1000;
};

class FakeLine final : public PulseLine {
 public:
  Result<Edge> raise(Timekeeper& clock) override {
    if (broken) return fail("the line is gone");
    Edge edge{clock.now(), {}};
    raised.push_back(edge.before);
    static_cast<FakeClock&>(clock).pass(700ns);
    edge.after = clock.now();
    up = true;
    return edge;
  }

  Result<void> lower() override {
    up = false;
    return {};
  }

  std::vector<SystemTime> raised;
  bool up = false, broken = false;
};

/// A box of both, and what came of it.
struct Bench {
  FakeClock clock;
  FakeLine line;
  GeneratorOptions options;
  std::vector<std::string> said;
  std::function<bool(nanoseconds)> idle = [this](nanoseconds patience) {
    clock.pass(patience);
    return true;
  };
  GenerationReport report;
  Result<void> ran;

  const GenerationReport& run(std::int64_t count) {
    options.count = count;
    Generator generator{options, line, clock, idle,
                        [this](const std::string& words) { said.push_back(words); }};
    ran = generator.run();
    report = generator.report();
    return report;
  }
};

}  // namespace

TEST_CASE("each second has its pulse, a look at the clock after it", "[pps][generator]") {
  Bench bench;
  const auto& report = bench.run(5);
  CHECK(report.pulses == 5);
  CHECK(report.left_out == 0);
  REQUIRE(bench.line.raised.size() == 5);
  for (int i = 0; i < 5; ++i) {
    const auto late = bench.line.raised[static_cast<std::size_t>(i)] - at(seconds{i + 1});
    CHECK(late >= 0ns);
    CHECK(late <= 150ns);
  }
  for (const auto late : report.late) CHECK(late >= 750ns);  // once the line was set
  CHECK(report.took == std::vector<nanoseconds>(5, 750ns));
  CHECK_FALSE(bench.line.up);
}

TEST_CASE("a machine that wakes late by less than it spins is on time", "[pps][generator]") {
  Bench bench;
  bench.clock.oversleep = 190us;
  for (const auto late : bench.run(5).late) CHECK(late < 1us);
  bench.clock.oversleep = 260us;  // 60 µs over
  const auto report = bench.run(5);
  CHECK(report.pulses == 5);
  for (const auto late : report.late) CHECK(late > 60us);
}

TEST_CASE("a pulse that would be too late is left out", "[pps][generator]") {
  Bench bench;
  bench.clock.slow_sleep = 3;
  const auto& report = bench.run(5);
  CHECK(report.pulses == 4);
  CHECK(report.left_out == 1);
  for (const auto raised : bench.line.raised) CHECK(off_second(raised.time_since_epoch()) < 1us);
  CHECK(bench.line.raised[2] - bench.line.raised[1] > 1900ms);
}

TEST_CASE("without a synchronised clock there are no pulses, unless told", "[pps][generator]") {
  Bench bench;
  bench.clock.free_from = 3;
  bench.clock.free_until = 5;
  CHECK(bench.run(6).pulses == 4);
  CHECK(bench.report.withheld == 2);
  CHECK(bench.said.size() == 2);  // once that it is not, once that it is again
  Bench told;
  told.options.unsynchronised = true;
  told.clock.free_from = 0;
  CHECK(told.run(6).pulses == 6);
  CHECK(told.said.empty());
}

TEST_CASE("a clock that is stepped gets the pulses of its new seconds", "[pps][generator]") {
  for (const auto step : std::vector<nanoseconds>{-3700ms, 3700ms, -86'400s, 100ms}) {
    Bench bench;
    int idles = 0;
    bench.idle = [&](nanoseconds patience) {
      bench.clock.pass(std::min<nanoseconds>(patience, 250ms));
      if (++idles == 7) bench.clock.system += step;
      return true;
    };
    bench.run(6);
    CHECK(bench.report.pulses >= 4);
    for (const auto raised : bench.line.raised) CHECK(off_second(raised.time_since_epoch()) < 1us);
  }
}

TEST_CASE("a clock that is set back while it is looked at does not spin for ever",
          "[pps][generator]") {
  class SetBack final : public PulseLine {
   public:
    Result<Edge> raise(Timekeeper& clock) override { return Edge{clock.now(), clock.now()}; }

    Result<void> lower() override { return {}; }
  } line;

  class Clock final : public Timekeeper {
   public:
    SystemTime now() override {
      elapsed += 50ns;
      // By a second, each time that the next one is near.
      if (looks > 0 && ++looks == 100) system -= 1s;
      return system += 50ns;
    }

    MonotonicTime monotonic() override { return elapsed; }

    void sleep_until(SystemTime time) override {
      system = time;
      looks = 1;
    }

    bool synchronised() override { return true; }

    SystemTime system = at(0s);
    MonotonicTime elapsed{};
    int looks = 0;
  } clock;

  const auto idle = [&](nanoseconds patience) {
    clock.system += patience;
    clock.looks = 0;
    return true;
  };
  GeneratorOptions options;
  options.count = 3;
  Generator generator{options, line, clock, idle, [](const std::string&) {}};
  REQUIRE(generator.run());
  CHECK(generator.report().left_out == 3);
}

TEST_CASE("who is asked to stop leaves the line down", "[pps][generator]") {
  Bench bench;
  bench.idle = [&](nanoseconds patience) {
    bench.clock.pass(patience);
    return !bench.line.up;
  };
  CHECK(bench.run(5).pulses >= 1);
  CHECK_FALSE(bench.line.up);
}

TEST_CASE("a line that cannot be set ends it, in words", "[pps][generator]") {
  Bench bench;
  bench.line.broken = true;
  bench.run(5);
  REQUIRE_FALSE(bench.ran);
  CHECK(bench.ran.error().message == "the line is gone");
}
