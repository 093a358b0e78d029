// The numbering to the nanosecond and to the sentence: what is just believed, and what just is not.

#include "driver/core/numbering.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

using Outcome = Numbering::Outcome;

constexpr UtcSecond noon{seconds{1'795'348'800}};

/// A receiver that speaks after each beat, and a comb that beats each second.
struct Life {
  Numbering numbering;
  MonotonicTime now{100s};
  UtcSecond truth = noon;
  bool raw = false;

  explicit Life(bool with_raw = false) : raw(with_raw) { numbering.restart(edge()); }

  [[nodiscard]] Edge edge() const {
    return {now, raw ? std::optional{RawTime{now.time_since_epoch()}} : std::nullopt};
  }

  void beat(std::int64_t count = 1) {
    now += seconds{count};
    truth += seconds{count};
    numbering.beat(count, edge());
  }

  /// A sentence for truth + `label` that begins `after` the last beat.
  Outcome say(nanoseconds after, seconds label = 0s, nanoseconds held_up = 0ns) {
    return numbering.sentence({truth + label, 0ns}, after, now + after + held_up, false);
  }

  Outcome live(int count, nanoseconds after = 300ms, seconds label = 0s) {
    auto outcome = Outcome::nothing;
    for (int i = 0; i < count; ++i) {
      beat();
      outcome = say(after, label);
    }
    return outcome;
  }

  /// The comb begins anew after `gap` of both clocks, in which `passed` seconds went by.
  void restart(nanoseconds gap, seconds passed, std::optional<nanoseconds> drift = std::nullopt) {
    now += gap;
    truth += passed;
    numbering.restart(edge(), drift);
  }
};

/// How many sentences of `label` it takes until the number is another one, 1000 at most.
int until_proved(Life life, seconds label, nanoseconds after = 300ms) {
  for (int count = 1; count <= 1000; ++count)
    if (life.live(1, after, label) == Outcome::confirmed) return count;
  return 1001;
}

Life proved(int count = 20, bool raw = false) {
  Life life{raw};
  REQUIRE(life.live(count) == Outcome::confirmed);
  return life;
}

}  // namespace

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
  const auto needed = [](seconds by, seconds before_midnight) {
    Life life;
    life.truth = UtcSecond{seconds{1'798'761'600}} - 40s - before_midnight;  // 2027-01-01
    life.live(20);
    life.restart(20s, 20s);
    return until_proved(life, by);
  };
  CHECK(needed(1s, 0s) == 10);
  CHECK(needed(-1s, 0s) == 10);
  CHECK(needed(2s, 0s) == 60);
  CHECK(needed(-2s, 0s) == 60);
  CHECK(needed(-1s, 3600s) == 60);
  // The tenth sentence is for the midnight itself, or for the second before it.
  CHECK(needed(-1s, 10s) == 10);
  CHECK(needed(-1s, 11s) == 11);
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
  const auto needed = [](seconds gap) {
    auto life = proved();
    life.restart(gap, gap);
    return until_proved(life, 1s);
  };
  // 1 ms, and 100 ppm of 9990 s at the tenth sentence.
  CHECK(needed(9980s) == 10);
  CHECK(needed(9979s) == 11);
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
    life.live(4);
    auto moved = life;
    moved.restart(10s + 100ms, 10s);
    CHECK(until_proved(moved, 0s) == 60);
    life.live(1);
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
