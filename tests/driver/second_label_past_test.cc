// The second label with a history: gaps, ends of months, sleeps, and receivers that contradict it.

#include "tests/support/label_run.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("a second is counted for an hour from the last message, to the nanosecond",
          "[driver][second-label]") {
  const auto carried = [](nanoseconds later) {
    auto run = proved();
    run.label.advance(3600, {*run.label.confirmed_at() + later, std::nullopt});
    return run.label.second().has_value();
  };
  CHECK(carried(1h));
  CHECK_FALSE(carried(1h + 1ns));
}

TEST_CASE("the candidate from before the end of the count is dropped with it",
          "[driver][second-label]") {
  auto run = proved();
  run.edges(55, 300ms, 5s);
  for (int i = 0; i < 3600; ++i) run.next_edge();
  REQUIRE_FALSE(run.label.second());
  CHECK(until_proved(run, 5s) == 60);
}

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

TEST_CASE("a second that the elapsed time explains needs ten messages, another one sixty",
          "[driver][second-label]") {
  auto run = proved();
  run.restart(10s, 10s);
  CHECK(until_proved(run, 0s) == 10);
  CHECK(until_proved(run, 1s) == 60);
  CHECK(until_proved(run, -1s) == 60);
  CHECK(until_proved(run, seconds{24h}) == 60);
  CHECK(until_proved(run, seconds{24h} + 1s) == 600);
  CHECK(until_proved(run, -seconds{24h}) == 60);
  CHECK(until_proved(run, -seconds{24h} - 1s) == 600);
}

TEST_CASE("against a proved second it takes sixty, or six hundred by more than a day",
          "[driver][second-label]") {
  const auto run = proved();
  for (const auto by : {1s, 16s, seconds{24h}, -seconds{24h}}) CHECK(until_proved(run, by) == 60);
  for (const auto by : {seconds{24h} + 1s, -seconds{24h} - 1s}) CHECK(until_proved(run, by) == 600);
}

TEST_CASE("at a month's end one second is no jump, two are", "[driver][second-label]") {
  const auto needed = [](seconds by, seconds before_midnight, int unheard = 0,
                         nanoseconds sooner = 0ns) {
    LabelRun run;
    run.truth = UtcSecond{seconds{1'798'761'600}} - 20s - before_midnight;  // 2027-01-01
    run.edges(20);
    run.now -= sooner;
    for (int i = 0; i < unheard; ++i) run.next_edge();
    return until_proved(run, by);
  };
  CHECK(needed(-1s, 0s) == 10);
  CHECK(needed(1s, 0s) == 10);
  CHECK(needed(-2s, 0s) == 60);
  CHECK(needed(2s, 0s) == 60);
  CHECK(needed(-1s, 3600s) == 60);
  // The tenth message is for the midnight itself, or for the second before it.
  CHECK(needed(-1s, 10s) == 10);
  CHECK(needed(-1s, 11s) == 11);
  SECTION("if a message came within the minute: long after, a second is a jump") {
    // Its edge is 59.7 s after the last message that confirmed, or 60.7 s.
    CHECK(needed(-1s, 0s, 50) == 10);
    CHECK(needed(-1s, 0s, 51) == 60);
    CHECK(needed(-1s, 0s, 51, 700ms) == 60);
    CHECK(needed(-1s, 0s, 51, 700ms + 1ns) == 10);
  }
  SECTION("and after a gap in the pulses it is one") {
    LabelRun run;
    run.truth = UtcSecond{seconds{1'798'761'600}} - 30s;
    run.edges(20);
    run.restart(20s, 20s);
    CHECK(until_proved(run, -1s) == 60);
    CHECK(until_proved(run, 0s) == 10);
  }
}

TEST_CASE("a leap second is shown by messages of another delay too", "[driver][second-label]") {
  LabelRun run;
  run.truth = UtcSecond{seconds{1'798'761'600 - 15}};  // 15 s before 2027
  run.edges(10);
  run.edges(20, 700ms, -1s);
  CHECK(run.label.second() == run.truth - 1s);
}

TEST_CASE("what elapsed explains a second more when 100 ppm of it are a second",
          "[driver][second-label]") {
  const auto disputed = [](seconds gap) {
    auto run = proved();
    run.restart(gap, gap + 1s);
    run.edges(3);
    return run.label.disputed();
  };
  // 1 ms, and 100 ppm of 9990 s at the third message.
  CHECK_FALSE(disputed(9987s));
  CHECK(disputed(9986s));
}

TEST_CASE("a phase that is known to 50 ms at best proves nothing, and sixty messages are needed",
          "[driver][second-label]") {
  const auto needed = [](nanoseconds gap, seconds told, bool raw,
                         std::optional<nanoseconds> drift) {
    auto run = proved(20, raw);
    run.restart(gap, told, drift);
    return until_proved(run, 0s);
  };
  // 1 ms, and 100 ppm of 490 s; or 10 ppm of 4900 s.
  CHECK(needed(490s, 490s, false, std::nullopt) == 10);
  CHECK(needed(490s + 10ms, 490s, false, std::nullopt) == 60);
  CHECK(needed(4900s, 4900s, true, 0ns) == 10);
  CHECK(needed(4900s + 100ms, 4900s, true, 0ns) == 600);
  CHECK(needed(4900s + 10ms, 4900s, true, 0ns) == 60);
  SECTION("at a month's end too") {
    LabelRun run;
    run.truth = UtcSecond{seconds{1'798'761'600}} - 600s;  // 2027-01-01
    run.edges(20);
    run.restart(600s, 600s);
    CHECK(until_proved(run, 1s) == 60);
  }
  SECTION("but not where the pulses went on, and the messages were away") {
    auto run = proved();
    for (int i = 0; i < 3700; ++i) run.next_edge();
    REQUIRE_FALSE(run.label.second());
    CHECK(until_proved(run, 0s) == 10);
  }
  SECTION("and once they are proved, ten are enough again") {
    auto run = proved();
    run.restart(500s, 500s);
    run.edges(60);
    run.restart(10s, 10s);
    CHECK(until_proved(run, 0s) == 10);
  }
}

TEST_CASE("after a sleep an unusual delay contradicts", "[driver][second-label]") {
  const auto confirms = [](LabelRun run, nanoseconds after) {
    run.next_edge();
    return run.message_after(after) == Outcome::confirmed;
  };
  auto run = proved();
  CHECK(confirms(run, 800ms));
  run.label.on_clock_step();
  CHECK(confirms(run, 450ms));
  CHECK_FALSE(confirms(run, 450ms + 1ns));
  CHECK(confirms(run, 150ms));
  CHECK_FALSE(confirms(run, 150ms - 1ns));
  SECTION("which takes account of how much it varied") {
    auto varied = proved();
    varied.edges(1, 460ms);  // 1/16 of it moves the usual one to 310 ms
    varied.label.on_clock_step();
    CHECK(confirms(varied, 780ms));
    CHECK_FALSE(confirms(varied, 780ms + 1ns));
    // And forgets a sixty-fourth of that with each message.
    CHECK(varied.edges(1, 310ms) == Outcome::confirmed);
    CHECK(confirms(varied, 775ms));
    CHECK_FALSE(confirms(varied, 775ms + 1ns));
  }
  SECTION("and so does another phase, which needs sixty messages then") {
    auto slept = proved();
    slept.label.on_clock_step();
    auto moved = slept;
    moved.restart(10s + 100ms, 10s);
    CHECK(until_proved(moved, 0s) == 60);
    slept.edges(1);  // a sentence confirms the phase after the sleep
    slept.restart(10s + 100ms, 10s);
    CHECK(until_proved(slept, 0s) == 600);
  }
  SECTION("after which another phase needs six hundred, for all that") {
    run.edges(1);
    REQUIRE(run.edges(1, 300ms, 5s) == Outcome::contradicted);
    auto same = run;
    same.restart(10s, 10s);
    CHECK(until_proved(same, 0s) == 60);
    run.restart(10s + 100ms, 10s);
    CHECK(until_proved(run, 0s) == 600);
  }
  SECTION("for five messages") {
    run.edges(4);
    auto odd = run;
    CHECK_FALSE(confirms(odd, 800ms));
    odd.edges(1, 800ms);
    CHECK_FALSE(odd.label.second());
    run.edges(1);
    CHECK(confirms(run, 800ms));
  }
  SECTION("and then it takes sixty messages") {
    run.next_edge();
    CHECK(run.message_after(800ms) == Outcome::contradicted);
    CHECK_FALSE(run.label.second());
    CHECK(run.label.disputed());
    CHECK(until_proved(run, 0s, 800ms) == 59);
    run.edges(59, 800ms);
    CHECK(run.label.second() == run.truth);
    CHECK_FALSE(run.label.disputed());
    run.restart(10s, 10s);
    CHECK_FALSE(run.label.disputed());
    CHECK(until_proved(run, 0s) == 10);
  }
}

TEST_CASE("a label that was proved against another one has no history", "[driver][second-label]") {
  SECTION("its delay is its own") {
    auto run = proved();
    run.edges(60, 700ms, 16s);
    REQUIRE(run.label.second() == run.truth + 16s);
    run.label.on_clock_step();
    run.next_edge();
    auto odd = run;
    CHECK(run.message_after(850ms, 16s) == Outcome::confirmed);
    CHECK(odd.message_after(850ms + 1ns, 16s) != Outcome::confirmed);
  }
  SECTION("nor is another phase held against the next") {
    auto run = proved();
    run.restart(10s + 100ms, 10s);
    run.edges(600);
    REQUIRE(run.label.may_send());
    CHECK(until_proved(run, 16s) == 60);
  }
}

TEST_CASE("a jump back with the usual delay is a jump, with another delay it may be lateness",
          "[driver][second-label]") {
  const auto needed = [](seconds by, nanoseconds after) {
    return until_proved(proved(), by, after);
  };
  CHECK(needed(-3s, 450ms) == 60);
  CHECK(needed(-3s, 450ms + 1ns) == 1001);
  CHECK(needed(-3s, 150ms) == 60);
  CHECK(needed(-3s, 150ms - 1ns) == 1001);
  // Nobody is late by more than fifteen seconds, and nobody early.
  CHECK(needed(-15s, 450ms + 1ns) == 1001);
  CHECK(needed(-16s, 450ms + 1ns) == 60);
  CHECK(needed(3s, 450ms + 1ns) == 60);
}
