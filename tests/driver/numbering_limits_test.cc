// The numbering to the nanosecond and to the sentence: what is just believed, and what just is not.

#include "tests/support/numbered_life.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("the band in which a sentence names its beat is 20 to 950 ms, both excluded",
          "[driver][numbering]") {
  const auto names = [](nanoseconds after) { return Life{}.live(10, after) == Outcome::confirmed; };
  CHECK_FALSE(names(20ms));
  CHECK(names(20ms + 1ns));
  CHECK(names(950ms - 1ns));
  CHECK_FALSE(names(950ms));
}

TEST_CASE("a proved number is contradicted from 50 ms before its instant, and 15 s after it",
          "[driver][numbering]") {
  const auto life = proved();
  const auto said = [life](nanoseconds latency) {
    auto copy = life;
    copy.beat();
    const auto behind = std::chrono::floor<seconds>(latency);
    return copy.say(latency - behind, -behind);
  };
  CHECK(said(-50ms) == Outcome::nothing);
  CHECK(said(-50ms - 1ns) == Outcome::contradicted);
  CHECK(said(15s - 1ns) == Outcome::nothing);
  CHECK(said(15s) == Outcome::contradicted);
}

TEST_CASE("of two minds, the earlier may be a late one twice", "[driver][numbering]") {
  // Named: one second ahead, as often as it is said, then the truth.
  const auto agreed = [](int earlier) {
    Life life;
    life.live(3, 300ms, 1s);
    life.live(earlier);
    return life.numbering.supposed() == life.truth + 1s;
  };
  CHECK(agreed(2));
  CHECK_FALSE(agreed(3));
  SECTION("and twice again, once the later one was heard") {
    Life life;
    life.live(3, 300ms, 1s);
    life.live(2);
    life.live(1, 300ms, 1s);
    life.live(2);
    CHECK(life.numbering.supposed() == life.truth + 1s);
  }
  SECTION("but not by fifteen seconds") {
    Life life;
    life.live(3, 300ms, 14s);
    life.live(1);
    CHECK(life.numbering.supposed() == life.truth + 14s);
    Life other;
    other.live(3, 300ms, 15s);
    other.live(1);
    CHECK(other.numbering.supposed() == other.truth);
  }
}

TEST_CASE("a second mind asks for twenty sentences, one that was alone for ten",
          "[driver][numbering]") {
  const auto needed = [](int of_another_mind, seconds by) {
    Life life;
    life.live(of_another_mind, 300ms, by);
    return until_proved(life, 0s);
  };
  CHECK(needed(0, -5s) == 10);
  CHECK(needed(1, -5s) == 10);
  CHECK(needed(2, -5s) == 20);
  SECTION("a late one among them as well") {
    Life life;
    life.live(5);
    life.live(1, 300ms, -1s);
    CHECK(until_proved(life, 0s) == 15);
  }
}

TEST_CASE("more than half of the sentences must agree", "[driver][numbering]") {
  Life life;
  life.live(9, 300ms, -5s);
  // Eight dissent from what follows.
  CHECK(until_proved(life, 0s) == 20);
  SECTION("half of them are too few") {
    const bool exactly = GENERATE(true, false);
    Life other;
    other.live(1, 300ms, 1s);
    for (int i = 0; i < 100; ++i) {
      other.live(exactly && i > 0 ? 1 : 2, 300ms, 0s);  // late, as it seems
      other.live(1, 300ms, 1s);
    }
    CHECK_FALSE(other.numbering.second());
  }
}

TEST_CASE("latencies 150 ms apart are steady, further apart they are not", "[driver][numbering]") {
  const auto needed = [](nanoseconds other, bool first) {
    Life life;
    life.live(1, first ? other : 300ms);
    life.live(1, first ? 300ms : other);
    return 2 + until_proved(life, 0s);
  };
  for (const bool first : {false, true}) {
    CHECK(needed(450ms, first) == 10);
    CHECK(needed(450ms + 1ns, first) == 20);
    CHECK(needed(150ms, first) == 10);
    CHECK(needed(150ms - 1ns, first) == 20);
  }
}

TEST_CASE("ten sentences that come within eight seconds prove nothing", "[driver][numbering]") {
  // Nine at once; the tenth after `passed`.
  const auto proves = [](nanoseconds passed) {
    Life life;
    life.beat();
    for (int i = 0; i < 9; ++i) life.say(300ms);
    for (int i = 0; i < 8; ++i) life.beat();
    return life.say(300ms, 0s, passed - 8s) == Outcome::confirmed;
  };
  CHECK(proves(8s));
  CHECK_FALSE(proves(8s - 1ns));
}

TEST_CASE("a sentence that the next beat would have overtaken names nothing",
          "[driver][numbering]") {
  // At 300 ms after its beat, it must be here 700 ms later.
  const auto proves = [](nanoseconds held_up) {
    Life life;
    auto outcome = Outcome::nothing;
    for (int i = 0; i < 10; ++i) {
      life.beat();
      outcome = life.say(300ms, 0s, held_up);
    }
    return outcome == Outcome::confirmed;
  };
  CHECK(proves(700ms - 1ns));
  CHECK_FALSE(proves(700ms));
}

TEST_CASE("three sentences without a name are ambiguous, until one has one",
          "[driver][numbering]") {
  Life life;
  life.live(2, 5ms);
  CHECK_FALSE(life.numbering.ambiguous());
  life.live(1, 5ms);
  CHECK(life.numbering.ambiguous());
  life.live(1);
  CHECK_FALSE(life.numbering.ambiguous());
  life.live(2, 5ms);
  CHECK_FALSE(life.numbering.ambiguous());
  SECTION("or confirms the number") {
    life.live(10);
    life.live(5, 5ms);
    REQUIRE(life.numbering.ambiguous());
    life.live(1);
    CHECK_FALSE(life.numbering.ambiguous());
    life.live(2, 5ms);
    CHECK_FALSE(life.numbering.ambiguous());
  }
}

TEST_CASE("three sentences of another second are a dispute, two are not", "[driver][numbering]") {
  auto life = proved();
  life.live(2, 300ms, 16s);
  CHECK_FALSE(life.numbering.disputed());
  life.live(1, 300ms, 16s);
  CHECK(life.numbering.disputed());
  life.live(1);
  CHECK_FALSE(life.numbering.disputed());
  SECTION("with nothing but what is known to dispute") {
    life.restart(10s, 10s);
    life.live(3);
    CHECK_FALSE(life.numbering.disputed());
    life.restart(10s, 10s);
    life.live(2, 300ms, 16s);
    CHECK_FALSE(life.numbering.disputed());
    life.live(1, 300ms, 16s);
    CHECK(life.numbering.disputed());
  }
  SECTION("with nothing known at all there is none") {
    Life fresh;
    fresh.live(5);
    CHECK_FALSE(fresh.numbering.disputed());
  }
}

TEST_CASE("five sentences settle, and a contradiction or a doubt unsettles",
          "[driver][numbering]") {
  auto life = proved(10);
  life.beat();
  REQUIRE(life.say(300ms, 16s) == Outcome::contradicted);
  CHECK_FALSE(life.numbering.settled());
  life.live(4);
  CHECK_FALSE(life.numbering.settled());
  life.live(1);
  CHECK(life.numbering.settled());
  life.live(100);
  life.numbering.doubted();
  CHECK_FALSE(life.numbering.settled());
}

TEST_CASE("a doubt makes a number that was nearly proved begin again", "[driver][numbering]") {
  Life life;
  life.live(9);
  life.numbering.doubted();
  CHECK(life.numbering.supposed() == life.truth);
  CHECK(until_proved(life, 0s) == 10);
  SECTION("and its eight seconds as well") {
    life.beat();
    auto outcome = Outcome::nothing;
    for (int i = 0; i < 10; ++i) outcome = life.say(300ms);
    CHECK(outcome == Outcome::nothing);
  }
  SECTION("with latencies of its own") {
    Life moody;
    moody.live(9, 700ms);
    moody.numbering.doubted();
    CHECK(until_proved(moody, 0s) == 10);
  }
}

TEST_CASE("a new beginning of the comb forgets what was being tried", "[driver][numbering]") {
  Life life;
  life.live(9);
  life.restart(5s, 5s);
  CHECK_FALSE(life.numbering.supposed());
  CHECK(until_proved(life, 0s) == 10);
  SECTION("and what was proved, though not what is known") {
    auto known = proved();
    known.restart(5s, 5s);
    CHECK_FALSE(known.numbering.second());
    CHECK(known.numbering.confirmed());
  }
  SECTION("and begins where it says") {
    Life fresh;
    fresh.say(300ms);
    CHECK(fresh.numbering.supposed() == fresh.truth);
  }
  SECTION("before any edge nothing is named") {
    Numbering numbering;
    CHECK(numbering.sentence({noon, 0ns}, 300ms, MonotonicTime{100s}, false) == Outcome::nothing);
  }
}
