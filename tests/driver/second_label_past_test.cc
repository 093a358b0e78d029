// The second label with a history: gaps of the edges, ends of months, sleeps.

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

namespace {

/// How many messages that are `error` seconds wrong it takes until samples may be sent.
int until_sent(LabelRun run, seconds error = 0s) {
  for (int count = 1; count <= 1000; ++count) {
    run.edges(1, 300ms, error);
    if (run.label.may_send()) return count;
  }
  return 1001;
}

}  // namespace

TEST_CASE("what the elapsed time explains, within 1 ms and 100 ppm", "[driver][second-label]") {
  // 10 s of 100 ppm are 1 ms more. (Reckoned by whole milliseconds of what elapsed.)
  const auto moved = [](nanoseconds off, bool raw, std::optional<nanoseconds> drift) {
    auto run = proved(20, raw);
    run.restart(10s + off, 10s, drift);
    return run.label.disputed();
  };
  CHECK_FALSE(moved(2'000'200ns, false, std::nullopt));
  CHECK(moved(2'000'201ns, false, std::nullopt));
  CHECK_FALSE(moved(-1'999'800ns, false, std::nullopt));
  CHECK(moved(-1'999'801ns, false, std::nullopt));
  SECTION("or 10 ppm where the oscillator's rate is known") {
    CHECK_FALSE(moved(1'100'010ns, true, 0ns));
    CHECK(moved(1'100'011ns, true, 0ns));
    CHECK_FALSE(moved(500us + 1'100'010ns, true, 50us));
    CHECK(moved(500us + 1'100'011ns, true, 50us));
    CHECK_FALSE(moved(500us - 1'099'990ns, true, 50us));
  }
  SECTION("which needs raw time") {
    CHECK_FALSE(moved(2'000'200ns, false, 0ns));
    CHECK_FALSE(moved(2'000'200ns, true, std::nullopt));
  }
}

TEST_CASE(
    "the second that the elapsed time explains needs ten messages, another one as many as "
    "against a count",
    "[driver][second-label]") {
  auto run = proved();
  run.restart(10s, 10s);
  CHECK(until_sent(run) == 10);
  CHECK(until_proved(run, 1s) == 60);
  CHECK(until_proved(run, seconds{24h} + 1s) == 60);
  CHECK(until_proved(grown(run), 1s) == 600);
  CHECK(until_proved(grown(run), -1s) == 600);
}

TEST_CASE("gaps one after the other are measured from the last count that messages confirmed",
          "[driver][second-label]") {
  auto run = proved();
  for (int i = 0; i < 20; ++i) run.restart(10s + 1ms, 10s);  // 100 ppm fast
  // 1 ms and 100 ppm of 200 s are 21 ms.
  CHECK(run.label.second() == run.truth);
  run.restart(10s + 3ms, 10s);
  CHECK(run.label.disputed());
}

TEST_CASE("at a month's end one second is no jump, two are", "[driver][second-label]") {
  const auto needed = [](seconds by, seconds before_midnight, int silent = 0,
                         nanoseconds sooner = 0ns) {
    LabelRun run;
    run.truth = UtcSecond{seconds{1'798'761'600}} - 20s - before_midnight;  // 2027-01-01
    run.edges(20);
    run.now -= sooner;
    for (int i = 0; i < silent; ++i) run.next_edge();
    return until_proved(run, by);
  };
  CHECK(needed(-1s, 0s) == 10);
  CHECK(needed(1s, 0s) == 10);
  CHECK(needed(-2s, 0s) == 60);
  CHECK(needed(2s, 0s) == 60);
  CHECK(needed(-1s, 3600s) == 60);
  // The tenth message is for the midnight itself, or for the second before it.
  CHECK(needed(1s, 10s) == 10);
  CHECK(needed(1s, 12s) == 11);
  SECTION("if a message came within the minute: long after, a second is a jump") {
    CHECK(needed(1s, 0s, 50) == 10);
    CHECK(needed(1s, 0s, 51) == 60);
  }
  SECTION("where the last message began with its edge, a minute later is too late") {
    const auto needed_after = [](int silent) {
      LabelRun run;
      run.truth = UtcSecond{seconds{1'798'761'600}} - 20s;
      run.edges(19);
      run.next_edge();
      const UtcInstant before{run.truth - 1s, 900ms};
      REQUIRE(run.label.message({before, 0ns, run.now, false, true}) == Outcome::confirmed);
      run.next_edge(silent);
      return until_proved(run, 1s);
    };
    CHECK(needed_after(49) == 10);
    CHECK(needed_after(50) == 60);
  }
}

TEST_CASE("a leap second of the table needs ten messages, also after a silence or a gap",
          "[driver][second-label]") {
  const UtcSecond new_year{seconds{1'798'761'600}};
  LabelRun run;
  run.label = SecondLabel{LeapTable{new_year + 100h, {{new_year, -1s}}}};
  run.truth = new_year - 30s;
  run.label.restart(run.edge());
  run.edges(20);
  SECTION("of the messages") {
    for (int i = 0; i < 300; ++i) run.next_edge();
  }
  SECTION("of the edges") {
    run.restart(300s, 300s);
  }
  CHECK(until_proved(run, -1s) == 10);
}

TEST_CASE("a leap second is shown by messages of another delay too", "[driver][second-label]") {
  LabelRun run;
  run.truth = UtcSecond{seconds{1'798'761'600 - 15}};  // 15 s before 2027
  run.edges(10);
  run.edges(20, 700ms, -1s);
  CHECK(run.label.second() == run.truth - 1s);
}

TEST_CASE("a phase that is known to 50 ms at best proves nothing, and sixty messages are needed",
          "[driver][second-label]") {
  const auto needed = [](nanoseconds gap, seconds passed, bool raw,
                         std::optional<nanoseconds> drift) {
    auto run = proved(20, raw);
    run.restart(gap, passed, drift);
    return until_sent(run);
  };
  // 1 ms, and 100 ppm of 490 s; or 10 ppm of 4900 s.
  CHECK(needed(490s, 490s, false, std::nullopt) == 10);
  CHECK(needed(490s + 10ms, 490s, false, std::nullopt) == 60);
  CHECK(needed(4900s, 4900s, true, 0ns) == 10);
  CHECK(needed(4900s + 100ms, 4900s, true, 0ns) == 60);
  CHECK(needed(4000s + 60ms, 4000s, true, 0ns) == 600);
  SECTION("and once they are proved, ten are enough again") {
    auto run = proved();
    run.restart(500s, 500s);
    run.edges(60);
    run.restart(10s, 10s);
    CHECK(until_sent(run) == 10);
  }
}

TEST_CASE("after a step of the clock a contradiction means that the machine slept",
          "[driver][second-label]") {
  auto run = grown(proved());
  run.label.on_clock_step(GENERATE(4s, 5s, 6s));
  SECTION("and takes a minute, not ten") {
    CHECK(until_proved(run, 5s) == 60);
  }
  SECTION("unless the labels jump by more or less than the step") {
    CHECK(until_proved(run, GENERATE(11s, -5s, 14s)) == 600);
  }
  SECTION("unless a message confirmed the count after it") {
    run.edges(1);
    CHECK(until_proved(run, 5s) == 600);
  }
  SECTION("and so does another phase") {
    auto moved = run;
    moved.restart(10s + 100ms, 10s);
    CHECK(until_proved(moved, 5s) == 60);
    CHECK(until_proved(moved, 10s) == 600);
    run.edges(1);
    run.restart(10s + 100ms, 10s);
    CHECK(until_proved(run, 5s) == 600);
  }
}

TEST_CASE("a sleep explains labels that differ from the step of the clock by two seconds, not more",
          "[driver][second-label]") {
  const auto needed = [](nanoseconds step, seconds by) {
    auto run = grown(proved());
    run.label.on_clock_step(step);
    return until_proved(run, by);
  };
  CHECK(needed(7s, 5s) == 60);
  CHECK(needed(7s + 1ns, 5s) == 600);
  CHECK(needed(3s, 5s) == 60);
  CHECK(needed(3s - 1ns, 5s) == 600);
  SECTION("and only if the clock was stepped forward") {
    CHECK(needed(1ns, 1s) == 60);
    CHECK(needed(0ns, 1s) == 600);
    CHECK(needed(-1ns, 1s) == 600);
  }
}

TEST_CASE("while the machine may have slept no second is accepted", "[driver][second-label]") {
  auto run = proved();
  run.label.on_clock_step(5s);
  REQUIRE(run.edges(1, 300ms, 5s) == Outcome::contradicted);
  CHECK(run.label.basis() == SecondLabel::Basis::may_sleep);
  CHECK_FALSE(run.label.second());
  CHECK(run.label.disputed());
}

TEST_CASE("the basis after a gap of the edges", "[driver][second-label]") {
  using Basis = SecondLabel::Basis;
  const auto basis = [](nanoseconds gap, nanoseconds step) {
    auto run = proved();
    run.label.on_clock_step(step);
    run.restart(gap, 10s);
    return run.label.basis();
  };
  CHECK(basis(10s, 0ns) == Basis::bridged);
  CHECK(basis(10s, 10s) == Basis::bridged);
  CHECK(basis(10s + 100ms, 0ns) == Basis::moved);
  CHECK(basis(10s + 100ms, -1ns) == Basis::moved);
  CHECK(basis(10s + 100ms, 1ns) == Basis::may_sleep);
  CHECK(basis(500s, 0ns) == Basis::long_absent);
}

TEST_CASE("the phase of a pulse that left its course is compared to 2 ms",
          "[driver][second-label]") {
  // 1 ms and 100 ppm of 30 s are 4 ms.
  const auto restart = [](LabelRun& run, nanoseconds off, Course course) {
    run.now += 30s + off;
    run.truth += 30s;
    run.label.restart(run.edge(), std::nullopt, course);
  };
  const auto moved = [&restart](nanoseconds off) {
    auto run = proved();
    restart(run, off, Course::left);
    return run.label.disputed();
  };
  CHECK_FALSE(moved(2ms));
  CHECK(moved(2ms + 1ns));
  CHECK_FALSE(moved(-2ms));
  CHECK(moved(-2ms - 1ns));
  SECTION("until a message confirms the count") {
    auto run = proved();
    restart(run, 1ms, Course::left);
    auto unconfirmed = run;
    restart(unconfirmed, 2ms, Course::kept);
    CHECK(unconfirmed.label.disputed());
    REQUIRE(run.edges(1) == Outcome::confirmed);
    restart(run, 3ms, Course::kept);
    CHECK_FALSE(run.label.disputed());
  }
}

TEST_CASE("a restart of the edge filter forgets the contradictions before a label was accepted",
          "[driver][second-label]") {
  LabelRun run;
  for (int i = 0; i < 5; ++i) run.edges(1, 300ms, i % 2 == 0 ? -5s : 0s);
  run.restart(5s, 5s);
  CHECK(until_proved(run, 0s) == 10);
}

TEST_CASE("a label that was proved against another one has no history", "[driver][second-label]") {
  auto run = proved();
  run.restart(10s + 100ms, 10s);
  run.edges(600);
  REQUIRE(run.label.may_send());
  CHECK_FALSE(run.label.disputed());
  CHECK(until_proved(run, 16s) == 60);
}
