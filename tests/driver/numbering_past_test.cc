// What the numbering makes of a number that it had: gaps, months' ends, sleeps, and receivers that
// contradict it.

#include "tests/support/numbered_life.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("a number is carried for an hour from the last sentence, to the nanosecond",
          "[driver][numbering]") {
  const auto carried = [](nanoseconds later) {
    auto life = proved();
    life.numbering.beat(3600, {*life.numbering.confirmed_at() + later, std::nullopt});
    return life.numbering.second().has_value();
  };
  CHECK(carried(1h));
  CHECK_FALSE(carried(1h + 1ns));
}

TEST_CASE("what was tried out before the carry ended is forgotten with it", "[driver][numbering]") {
  auto life = proved();
  life.live(55, 300ms, 5s);
  for (int i = 0; i < 3600; ++i) life.beat();
  REQUIRE_FALSE(life.numbering.second());
  CHECK(until_proved(life, 5s) == 60);
}

TEST_CASE("what the elapsed time explains, within 1 ms and 100 ppm", "[driver][numbering]") {
  // 10 s of 100 ppm are 1 ms more. (Reckoned by whole milliseconds of what elapsed.)
  const auto moved = [](nanoseconds off, bool raw, std::optional<nanoseconds> drift) {
    auto life = proved(20, raw);
    life.restart(10s + off, 10s, drift);
    return life.numbering.disputed();
  };
  CHECK_FALSE(moved(2'000'200ns, false, std::nullopt));
  CHECK(moved(2'000'201ns, false, std::nullopt));
  CHECK_FALSE(moved(-1'999'800ns, false, std::nullopt));
  CHECK(moved(-1'999'801ns, false, std::nullopt));
  SECTION("or 10 ppm where the crystal's rate is known") {
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

TEST_CASE("a number that the elapsed time explains needs ten sentences, another one sixty",
          "[driver][numbering]") {
  auto life = proved();
  life.restart(10s, 10s);
  CHECK(until_proved(life, 0s) == 10);
  CHECK(until_proved(life, 1s) == 60);
  CHECK(until_proved(life, -1s) == 60);
  CHECK(until_proved(life, seconds{24h}) == 60);
  CHECK(until_proved(life, seconds{24h} + 1s) == 600);
  CHECK(until_proved(life, -seconds{24h}) == 60);
  CHECK(until_proved(life, -seconds{24h} - 1s) == 600);
}

TEST_CASE("against a number that is proved it needs sixty, or six hundred by more than a day",
          "[driver][numbering]") {
  const auto life = proved();
  for (const auto by : {1s, 16s, seconds{24h}, -seconds{24h}}) CHECK(until_proved(life, by) == 60);
  for (const auto by : {seconds{24h} + 1s, -seconds{24h} - 1s})
    CHECK(until_proved(life, by) == 600);
}

TEST_CASE("at a month's end one second is no jump, two are", "[driver][numbering]") {
  const auto needed = [](seconds by, seconds before_midnight, int unheard = 0,
                         nanoseconds sooner = 0ns) {
    Life life;
    life.truth = UtcSecond{seconds{1'798'761'600}} - 20s - before_midnight;  // 2027-01-01
    life.live(20);
    life.now -= sooner;
    for (int i = 0; i < unheard; ++i) life.beat();
    return until_proved(life, by);
  };
  CHECK(needed(-1s, 0s) == 10);
  CHECK(needed(1s, 0s) == 10);
  CHECK(needed(-2s, 0s) == 60);
  CHECK(needed(2s, 0s) == 60);
  CHECK(needed(-1s, 3600s) == 60);
  // The tenth sentence is for the midnight itself, or for the second before it.
  CHECK(needed(-1s, 10s) == 10);
  CHECK(needed(-1s, 11s) == 11);
  SECTION("if the receiver was heard within the minute: long after, a second is a jump") {
    // Its beat is 59.7 s after the last sentence that confirmed, or 60.7 s.
    CHECK(needed(-1s, 0s, 50) == 10);
    CHECK(needed(-1s, 0s, 51) == 60);
    CHECK(needed(-1s, 0s, 51, 700ms) == 60);
    CHECK(needed(-1s, 0s, 51, 700ms + 1ns) == 10);
  }
  SECTION("and after a gap in the pulses it is one") {
    Life life;
    life.truth = UtcSecond{seconds{1'798'761'600}} - 30s;
    life.live(20);
    life.restart(20s, 20s);
    CHECK(until_proved(life, -1s) == 60);
    CHECK(until_proved(life, 0s) == 10);
  }
}

TEST_CASE("a leap second is told by sentences of another latency too", "[driver][numbering]") {
  Life life;
  life.truth = UtcSecond{seconds{1'798'761'600 - 15}};  // 15 s before 2027
  life.live(10);
  life.live(20, 700ms, -1s);
  CHECK(life.numbering.second() == life.truth - 1s);
}

TEST_CASE("what elapsed explains a second more when 100 ppm of it are a second",
          "[driver][numbering]") {
  const auto disputed = [](seconds gap) {
    auto life = proved();
    life.restart(gap, gap + 1s);
    life.live(3);
    return life.numbering.disputed();
  };
  // 1 ms, and 100 ppm of 9990 s at the third sentence.
  CHECK_FALSE(disputed(9987s));
  CHECK(disputed(9986s));
}

TEST_CASE("a phase that is known to 50 ms at best proves nothing, and sixty sentences are needed",
          "[driver][numbering]") {
  const auto needed = [](nanoseconds gap, seconds told, bool raw,
                         std::optional<nanoseconds> drift) {
    auto life = proved(20, raw);
    life.restart(gap, told, drift);
    return until_proved(life, 0s);
  };
  // 1 ms, and 100 ppm of 490 s; or 10 ppm of 4900 s.
  CHECK(needed(490s, 490s, false, std::nullopt) == 10);
  CHECK(needed(490s + 10ms, 490s, false, std::nullopt) == 60);
  CHECK(needed(4900s, 4900s, true, 0ns) == 10);
  CHECK(needed(4900s + 100ms, 4900s, true, 0ns) == 600);
  CHECK(needed(4900s + 10ms, 4900s, true, 0ns) == 60);
  SECTION("at a month's end too") {
    Life life;
    life.truth = UtcSecond{seconds{1'798'761'600}} - 600s;  // 2027-01-01
    life.live(20);
    life.restart(600s, 600s);
    CHECK(until_proved(life, 1s) == 60);
  }
  SECTION("but not where the pulses went on, and the sentences were away") {
    auto life = proved();
    for (int i = 0; i < 3700; ++i) life.beat();
    REQUIRE_FALSE(life.numbering.second());
    CHECK(until_proved(life, 0s) == 10);
  }
  SECTION("and once they are proved, ten are enough again") {
    auto life = proved();
    life.restart(500s, 500s);
    life.live(60);
    life.restart(10s, 10s);
    CHECK(until_proved(life, 0s) == 10);
  }
}

TEST_CASE("after a sleep a latency that is not the usual one contradicts", "[driver][numbering]") {
  const auto confirms = [](Life life, nanoseconds after) {
    life.beat();
    return life.say(after) == Outcome::confirmed;
  };
  auto life = proved();
  CHECK(confirms(life, 800ms));
  life.numbering.slept();
  CHECK(confirms(life, 450ms));
  CHECK_FALSE(confirms(life, 450ms + 1ns));
  CHECK(confirms(life, 150ms));
  CHECK_FALSE(confirms(life, 150ms - 1ns));
  SECTION("which takes account of how much it varied") {
    auto varied = proved();
    varied.live(1, 460ms);  // 1/16 of it moves the usual one to 310 ms
    varied.numbering.slept();
    CHECK(confirms(varied, 780ms));
    CHECK_FALSE(confirms(varied, 780ms + 1ns));
    // And forgets a sixty-fourth of that with each sentence.
    CHECK(varied.live(1, 310ms) == Outcome::confirmed);
    CHECK(confirms(varied, 775ms));
    CHECK_FALSE(confirms(varied, 775ms + 1ns));
  }
  SECTION("and so does another phase, which needs sixty sentences then") {
    auto slept = proved();
    slept.numbering.slept();
    auto moved = slept;
    moved.restart(10s + 100ms, 10s);
    CHECK(until_proved(moved, 0s) == 60);
    slept.live(1);  // a sentence confirms the phase after the sleep
    slept.restart(10s + 100ms, 10s);
    CHECK(until_proved(slept, 0s) == 600);
  }
  SECTION("after which another phase needs six hundred, for all that") {
    life.live(1);
    REQUIRE(life.live(1, 300ms, 5s) == Outcome::contradicted);
    auto same = life;
    same.restart(10s, 10s);
    CHECK(until_proved(same, 0s) == 60);
    life.restart(10s + 100ms, 10s);
    CHECK(until_proved(life, 0s) == 600);
  }
  SECTION("for five sentences") {
    life.live(4);
    auto odd = life;
    CHECK_FALSE(confirms(odd, 800ms));
    odd.live(1, 800ms);
    CHECK_FALSE(odd.numbering.second());
    life.live(1);
    CHECK(confirms(life, 800ms));
  }
  SECTION("and then nothing is known but by sixty sentences") {
    life.beat();
    CHECK(life.say(800ms) == Outcome::contradicted);
    CHECK_FALSE(life.numbering.second());
    CHECK(life.numbering.disputed());
    CHECK(until_proved(life, 0s, 800ms) == 59);
    life.live(59, 800ms);
    CHECK(life.numbering.second() == life.truth);
    CHECK_FALSE(life.numbering.disputed());
    life.restart(10s, 10s);
    CHECK_FALSE(life.numbering.disputed());
    CHECK(until_proved(life, 0s) == 10);
  }
}

TEST_CASE("a number that was proved against another one has no past", "[driver][numbering]") {
  SECTION("its latency is its own") {
    auto life = proved();
    life.live(60, 700ms, 16s);
    REQUIRE(life.numbering.second() == life.truth + 16s);
    life.numbering.slept();
    life.beat();
    auto odd = life;
    CHECK(life.say(850ms, 16s) == Outcome::confirmed);
    CHECK(odd.say(850ms + 1ns, 16s) != Outcome::confirmed);
  }
  SECTION("nor is another phase held against the next") {
    auto life = proved();
    life.restart(10s + 100ms, 10s);
    life.live(600);
    REQUIRE(life.numbering.settled());
    CHECK(until_proved(life, 16s) == 60);
  }
}

TEST_CASE("a jump back with the usual latency is one, with another it may be mere lateness",
          "[driver][numbering]") {
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
