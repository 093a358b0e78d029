// Which second did the last beat mark?

#include "tests/support/numbered_life.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("ten sentences in a row prove a number, nine do not", "[driver][numbering]") {
  Life life;
  CHECK(life.live(9) == Outcome::nothing);
  CHECK_FALSE(life.numbering.second());
  CHECK(life.numbering.supposed() == life.truth);
  CHECK(life.live(1) == Outcome::confirmed);
  CHECK(life.numbering.second() == life.truth);
  CHECK(life.numbering.settled());
}

TEST_CASE("twenty are asked for while the clock is hours off", "[driver][numbering]") {
  Life life;
  for (int i = 0; i < 19; ++i) {
    life.beat();
    REQUIRE(life.sentence(300ms, 0s, 0ns, true) == Outcome::nothing);
  }
  life.beat();
  CHECK(life.sentence(300ms, 0s, 0ns, true) == Outcome::confirmed);
}

TEST_CASE("a sentence near an edge names nothing", "[driver][numbering]") {
  const auto latency = GENERATE(0ms, 10ms, 20ms, 950ms, 980ms, 1010ms);
  Life life;
  CHECK(life.live(30, latency) == Outcome::nothing);
  CHECK_FALSE(life.numbering.second());
}

TEST_CASE("inside the band every latency names the beat before", "[driver][numbering]") {
  const auto latency = GENERATE(21ms, 100ms, 500ms, 501ms, 949ms);
  Life life;
  CHECK(life.live(10, latency) == Outcome::confirmed);
  CHECK(life.numbering.second() == life.truth);
}

TEST_CASE("a fix's fraction belongs to its number", "[driver][numbering]") {
  // The receiver stamps .949 s: its sentence tells of that instant, and comes 0.2 s after it.
  Life life;
  for (int i = 0; i < 12; ++i) {
    life.beat();
    life.sentence(200ms, 0s, 949ms);
  }
  REQUIRE(life.numbering.second());
  // Of the instant truth + 0.949 s, told 1.149 s after the beat: the beat that is 0.149 s old by
  // then is truth + 1 s's, and the one that was seen is one earlier.
  CHECK(*life.numbering.second() == life.truth);
}

TEST_CASE("beats carry the number on over gaps", "[driver][numbering]") {
  Life life;
  life.live(10);
  life.beat(7);
  CHECK(life.numbering.second() == life.truth);
  CHECK(life.sentence() == Outcome::confirmed);
}

TEST_CASE("a sentence that comes late names nothing, and contradicts nothing",
          "[driver][numbering]") {
  Life life;
  life.live(10);
  life.beat();
  const auto late = GENERATE(1100ms, 2300ms, 14'000ms);
  // It tells of the beat that was, and comes after later ones.
  const auto beats = late / 1s;
  for (int i = 0; i < beats; ++i) life.beat();
  const UtcInstant told{life.truth - seconds{beats}, 0ns};
  CHECK(life.numbering.sentence(told, late - beats * 1s, life.now + 100ms, false) ==
        Outcome::nothing);
  CHECK(life.numbering.second() == life.truth);
}

TEST_CASE("a sentence for a second to come contradicts at once, and one that is far behind too",
          "[driver][numbering]") {
  const auto label = GENERATE(1s, 2s, 3600s, -16s, -619'315'200s, 619'315'200s);
  Life life;
  life.live(10);
  life.beat();
  CHECK(life.sentence(300ms, label) == Outcome::contradicted);
  CHECK_FALSE(life.numbering.settled());
}

TEST_CASE("against a proved number sixty sentences are needed", "[driver][numbering]") {
  Life life;
  life.live(20);
  life.live(59, 300ms, 3s);
  CHECK(life.numbering.second() == life.truth);
  CHECK(life.numbering.disputed());
  life.live(1, 300ms, 3s);
  CHECK(life.numbering.second() == life.truth + 3s);
}

TEST_CASE("one second apart over a month's midnight, ten are enough", "[driver][numbering]") {
  Life life;
  life.truth = UtcSecond{seconds{1'798'761'600 - 15}};  // 15 s before 2027
  life.live(10);
  const auto before = life.truth;
  life.live(20, 300ms, -1s);  // a leap second came
  CHECK(life.numbering.second() == life.truth - 1s);
  CHECK(life.truth - before == 20s);
}

TEST_CASE("after a jump of the pulse's phase ten minutes are needed, or one if the machine slept",
          "[driver][numbering]") {
  const bool slept = GENERATE(false, true);
  Life life;
  life.live(20);
  if (slept) life.numbering.slept();
  life.now += 100ms;
  life.numbering.restart(life.edge());
  CHECK(life.numbering.disputed());
  CHECK(life.live(slept ? 59 : 599) == Outcome::nothing);
  CHECK(life.live(1) == Outcome::confirmed);
}

TEST_CASE("a phase that comes back to where it was is no jump", "[driver][numbering]") {
  Life life;
  life.live(20);
  life.now += 100ms;
  life.numbering.restart(life.edge());
  life.live(20);
  life.now += 900ms;
  life.truth += 1s;
  life.numbering.restart(life.edge());
  CHECK_FALSE(life.numbering.disputed());
  CHECK(life.live(10) == Outcome::confirmed);
}

TEST_CASE("after a gap that elapsed time explains, ten are enough, otherwise sixty",
          "[driver][numbering]") {
  const bool explained = GENERATE(true, false);
  Life life;
  life.live(20);
  life.now += 400s;
  life.truth += explained ? 400s : 405s;
  life.numbering.restart(life.edge());
  life.live(10);
  CHECK(life.numbering.second().has_value() == explained);
  life.live(50);
  CHECK(life.numbering.second() == life.truth);
}

TEST_CASE("a number is carried without a sentence for an hour at most", "[driver][numbering]") {
  Life life;
  life.live(10);
  for (int i = 0; i < 3600; ++i) life.beat();
  CHECK(life.numbering.second() == life.truth);
  life.beat();
  CHECK_FALSE(life.numbering.second());
}

TEST_CASE("sentences all over the second must agree twice as long", "[driver][numbering]") {
  Life life;
  int count = 0;
  do life.beat();
  while (++count < 100 && life.sentence(100ms + (count % 5) * 100ms) == Outcome::nothing);
  CHECK(count == Numbering::careful_agreements);
}

TEST_CASE("a receiver of two minds proves neither", "[driver][numbering]") {
  // Two of three sentences tell the truth, which is earlier; the others cannot be late ones.
  Life life;
  for (int i = 0; i < 300; ++i) {
    life.beat();
    REQUIRE(life.sentence(300ms, i % 3 == 0 ? 1s : 0s) == Outcome::nothing);
  }
}

TEST_CASE("a receiver that becomes slower than a second does not turn the number back",
          "[driver][numbering]") {
  Life life;
  life.live(20, 500ms);
  for (int i = 0; i < 40; ++i) {
    life.beat();
    life.sentence(500ms + i * 10ms);
  }
  for (int i = 0; i < 1000; ++i) {
    life.beat();
    life.sentence(100ms, -1s);  // 1.1 s after the pulse that it describes
  }
  CHECK(life.numbering.second() == life.truth);
  CHECK(life.numbering.disputed());
}

TEST_CASE("a jump back by whole seconds is no slowness", "[driver][numbering]") {
  Life life;
  life.live(20);
  life.live(60, 300ms, -2s);
  CHECK(life.numbering.second() == life.truth - 2s);
}

TEST_CASE("a sentence that a beat overtook names nothing, unless the number is proved",
          "[driver][numbering]") {
  Life life;
  const auto overtaken = [&life] {
    life.beat();
    return life.numbering.sentence({life.truth - 1s, 0ns}, -100ms, life.now + 5ms, false);
  };
  for (int i = 0; i < 30; ++i) REQUIRE(overtaken() == Outcome::nothing);
  CHECK(life.numbering.ambiguous());
  CHECK_FALSE(life.numbering.supposed());
  life.live(10);
  CHECK(overtaken() == Outcome::confirmed);
  CHECK(life.numbering.confirmed() == life.truth - 1s);
}

TEST_CASE("doubt makes agreement begin again, and forgets no number", "[driver][numbering]") {
  Life life;
  life.live(10);
  life.numbering.doubted();
  CHECK_FALSE(life.numbering.settled());
  CHECK(life.live(4) == Outcome::confirmed);
  CHECK_FALSE(life.numbering.settled());
  life.live(1);
  CHECK(life.numbering.settled());
}

TEST_CASE("dates millennia apart overflow nothing", "[driver][numbering]") {
  Life life;
  life.live(10);
  const auto when = GENERATE(std::int64_t{-62'135'596'800}, std::int64_t{253'402'300'799},
                             std::numeric_limits<std::int64_t>::max() / 2);
  CHECK(life.numbering.sentence({UtcSecond{seconds{when}}, 0ns}, 300ms, life.now, false) ==
        Outcome::contradicted);
}

TEST_CASE("edges an age apart overflow nothing", "[driver][numbering]") {
  Life life;
  life.live(10);
  const auto when = GENERATE(-nanoseconds::max(), nanoseconds::max() - 1s);
  const Edge far_away{MonotonicTime{when}, RawTime{when}};
  life.numbering.restart(far_away, GENERATE(-500us, 500us));
  CHECK(life.numbering.sentence({life.truth, 0ns}, 300ms, life.now, false) == Outcome::nothing);
}
