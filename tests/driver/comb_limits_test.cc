// The comb to the nanosecond: what is just a beat, and what just is not.

#include "driver/core/comb.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

using Kind = Comb::Kind;

Edge edge(nanoseconds at) {
  return {MonotonicTime{at}, RawTime{at}};
}

Edge without_raw(nanoseconds at) {
  return {MonotonicTime{at}, std::nullopt};
}

/// So many beats, exactly `second` apart; the first at 0.
Comb exact(int beats, bool raw = true, nanoseconds second = 1s) {
  Comb comb;
  for (int i = 0; i < beats; ++i) comb.judge(raw ? edge(i * second) : without_raw(i * second));
  return comb;
}

Kind kind(Comb comb, const Edge& next) {
  return comb.judge(next).kind;
}

/// Whether the beats end at `most` from `due`, to both sides, to the nanosecond.
void check_reach(const Comb& comb, nanoseconds due, nanoseconds most) {
  INFO("due at " << due.count() << " ns");
  CHECK(kind(comb, edge(due + most)) == Kind::beat);
  CHECK(kind(comb, edge(due + most + 1ns)) == Kind::stray);
  CHECK(kind(comb, edge(due - most)) == Kind::beat);
  CHECK(kind(comb, edge(due - most - 1ns)) == Kind::stray);
}

}  // namespace

TEST_CASE("the crystal's rate is known after sixteen beats, and asks for more exactness") {
  check_reach(exact(1), 1s, 1ms);
  CHECK_FALSE(exact(15).drift());
  check_reach(exact(15), 15s, 1ms);
  CHECK(exact(16).drift() == 0ns);
  check_reach(exact(16), 16s, 550us);
}

TEST_CASE("the reach grows by 500 us in each second of a gap, by 50 us once the rate is known") {
  check_reach(exact(10), 9s + 3s, 2ms);
  check_reach(exact(40), 39s + 100s, 5500us);
}

TEST_CASE("a beat beside the line bends it by its share of the memory") {
  SECTION("of the beats so far, while they are few") {
    auto comb = exact(9);
    comb.judge(edge(9s + 550us));  // 38/110 of it, and 6/110 of it a second
    check_reach(comb, 10s + 220us, 1ms);
  }
  SECTION("of the last thirty-two") {
    auto comb = exact(40);
    comb.judge(edge(40s - 352us));  // 126/1056 of it, and 6/1056 of it a second
    check_reach(comb, 41s - 44us, 550us);
    CHECK(comb.drift() == -2us);
  }
  SECTION("after two missing beats as well") {
    auto comb = exact(40);
    comb.judge(edge(42s - 352us));
    CHECK(comb.drift() == -666ns);
    check_reach(comb, 43s - 42us - 666ns, 550us);
  }
  SECTION("but a late one, once the rate is known, by no more than the temperature explains") {
    auto comb = exact(40);
    comb.judge(edge(40s + 352us));  // as if it were 50 us
    CHECK(comb.drift() == 284ns);
    check_reach(comb, 41s + 5965ns + 284ns, 550us);
    comb = exact(40);
    comb.judge(edge(41s + 352us));  // or 100 us in two seconds
    CHECK(comb.drift() == 284ns);
    check_reach(comb, 42s + 11'931ns + 284ns, 550us);
    comb = exact(15);
    comb.judge(edge(15s + 600us));  // 62/272 of all of it
    CHECK(comb.drift() == 13'235ns);
  }
}

TEST_CASE("behind more than two missing beats a new line begins") {
  SECTION("with the rate that is known") {
    auto comb = exact(40);
    const auto begin = 43s + 352us;
    comb.judge(edge(begin));
    CHECK(comb.drift() == 0ns);
    check_reach(comb, begin + 1s, 550us);
    comb.judge(edge(begin + 1s - 100us));  // 18/30 of it, and 6/1056 of it a second
    check_reach(comb, begin + 2s - 60us - 568ns, 550us);
  }
  SECTION("with a rate from over the gap, where none is known") {
    auto comb = exact(9);
    comb.judge(edge(12s + 400us));
    check_reach(comb, 13s + 500us, 1ms);
  }
}

TEST_CASE("no crystal is more than 500 ppm off") {
  const int sign = GENERATE(1, -1);
  auto comb = exact(1);
  comb.judge(edge(1s + sign * 900us));
  check_reach(comb, 2s + sign * 1400us, 1ms);
}

TEST_CASE("a rate that is known outlives the line") {
  constexpr auto second = 1s + 80us;
  SECTION("over a gap that ends the comb") {
    auto comb = exact(40, true, second);
    REQUIRE(comb.judge(edge(600s)).kind == Kind::first);
    check_reach(comb, 600s + second, 550us);
  }
  SECTION("over a move to another phase") {
    auto comb = exact(40, true, second);
    const auto other = 39 * second + 300ms;
    for (int i = 1; i <= 2; ++i) comb.judge(edge(other + i * second));
    REQUIRE(comb.judge(edge(other + 3 * second)).kind == Kind::moved);
    check_reach(comb, other + 4 * second, 550us);
    // The new line rests on three beats: the fourth counts 14/20.
    comb.judge(edge(other + 4 * second - 100us));
    check_reach(comb, other + 5 * second - 70us - 568ns, 550us);
  }
}

TEST_CASE("a gap of 490 s can be counted over, one that is longer ends the comb") {
  const auto comb = exact(10);
  auto counted = comb;
  CHECK(counted.judge(edge(9s + 490s)).seconds == 490);
  CHECK(kind(comb, edge(9s + 490s + 1ns)) == Kind::first);
  CHECK(kind(comb, edge(9s - 490s)) == Kind::stray);
  CHECK(kind(comb, edge(9s - 490s - 1ns)) == Kind::first);

  auto anew = comb;
  anew.judge(edge(9s + 500s + 300ms));
  CHECK_FALSE(anew.steady());
  anew.judge(edge(9s + 501s + 300ms));
  CHECK_FALSE(anew.steady());
  CHECK(anew.judge(edge(9s + 502s + 300ms)).kind == Kind::beat);
  CHECK(anew.steady());
}

TEST_CASE("the raw clock alone counts where both edges do not have it") {
  auto comb = exact(10);
  comb.judge(without_raw(10s));
  // The line went on without a raw time of its own.
  check_reach(comb, 11s, 1ms);
  auto far = comb;
  CHECK(far.judge({MonotonicTime{11s}, RawTime{10s + 491s}}).seconds == 491);
  CHECK(kind(comb, {MonotonicTime{11s}, RawTime{10s + 491s + 1ns}}) == Kind::stray);
  CHECK(kind(comb, {MonotonicTime{11s}, RawTime{10s}}) == Kind::stray);
}

TEST_CASE("without raw time a beat may be off by 0.5 ms and 500 ppm of the last second") {
  const auto comb = exact(10, false);
  CHECK(kind(comb, without_raw(10s + 1'000'500ns)) == Kind::beat);
  CHECK(kind(comb, without_raw(10s + 1'000'501ns)) == Kind::stray);
  CHECK(kind(comb, without_raw(10s - 999'500ns)) == Kind::beat);
  CHECK(kind(comb, without_raw(10s - 999'501ns)) == Kind::stray);
}

TEST_CASE("without raw time the last second is what the next one is measured by too") {
  auto comb = exact(10, false);
  comb.judge(without_raw(10s + 1ms));
  CHECK(kind(comb, without_raw(11s + 1ms + 2'001'000ns)) == Kind::beat);
  CHECK(kind(comb, without_raw(11s + 1ms + 2'001'001ns)) == Kind::stray);
  // But not behind a gap.
  comb.judge(without_raw(12s + 1ms));
  CHECK(kind(comb, without_raw(13s + 1ms + 2ms)) == Kind::stray);
}

TEST_CASE("a slew that grows is not followed by half a millisecond a beat") {
  auto comb = exact(10, false);
  comb.judge(without_raw(10s + 1ms));  // a second of 1.001 s
  comb.judge(without_raw(11s + 3ms));  // of 1.002 s: in reach of that one alone
  CHECK(kind(comb, without_raw(12s + 6ms)) == Kind::stray);
}

TEST_CASE("two missing beats leave the comb steady, three do not") {
  auto comb = exact(10);
  comb.judge(edge(12s));
  CHECK(comb.steady());
  comb = exact(10);
  comb.judge(edge(13s));
  CHECK_FALSE(comb.steady());
  comb.judge(edge(14s));
  CHECK_FALSE(comb.steady());
  comb.judge(edge(15s));
  CHECK(comb.steady());
}

TEST_CASE("after the pulse's loss three beats are steady again, or three of another phase") {
  auto comb = exact(10);
  comb.lost();
  SECTION("of the same phase") {
    comb.judge(edge(10s));
    comb.judge(edge(11s));
    CHECK_FALSE(comb.steady());
    comb.judge(edge(12s));
    CHECK(comb.steady());
  }
  SECTION("of another") {
    for (int i = 0; i < 3; ++i) comb.judge(edge(9s + 600ms + i * 1s));
    CHECK(comb.steady());
  }
}

TEST_CASE("where raw time comes and goes, what both edges have is what counts") {
  const auto rivals = [](Comb& comb, nanoseconds first, nanoseconds step) {
    for (int i = 0; i < 2; ++i) comb.judge(without_raw(first + i * step));
    return comb.judge(without_raw(first + 2 * step));
  };
  SECTION("rivals without it may be of a slew") {
    auto comb = exact(10);
    CHECK(rivals(comb, 9s + 500ms, 1050ms).kind == Kind::moved);
  }
  SECTION("and take the line of the raw time with them") {
    auto comb = exact(10);
    REQUIRE(rivals(comb, 9s + 600ms, 1s).kind == Kind::moved);
    CHECK(comb.judge(edge(12s + 600ms)).kind == Kind::beat);
  }
  SECTION("a beat of raw time ends what a slew had made of the second") {
    auto comb = exact(10);
    comb.judge(without_raw(10s + 1ms));
    comb.judge(edge(11s));
    CHECK(kind(comb, without_raw(12s + 1800us)) == Kind::stray);
  }
  SECTION("no slew explains a jump by half a second and more") {
    const auto first = GENERATE(600ms, 1500ms);
    auto beaten = exact(10);
    CHECK_FALSE(rivals(beaten, 9s + first, 950ms).same_phase);
    auto moved = exact(10);
    for (int i = 0; i < 3; ++i) moved.judge(edge(9s + 600ms + i * 1s));
    CHECK_FALSE(rivals(moved, 11s + 600ms + first, 950ms).same_phase);
    auto over_a_gap = exact(10, false);
    over_a_gap.judge(without_raw(11s));
    CHECK_FALSE(rivals(over_a_gap, 11s + first, 950ms).same_phase);
  }
}

TEST_CASE("strays that are a second apart are rivals, to a millisecond, or as far as a slew goes") {
  const auto moves = [](bool raw, nanoseconds step) {
    auto comb = exact(10, raw);
    auto last = Kind::stray;
    for (int i = 0; i < 3; ++i) {
      const auto at = 9s + 1500ms + i * step;
      last = comb.judge(raw ? edge(at) : without_raw(at)).kind;
    }
    return last == Kind::moved;
  };
  for (const int sign : {1, -1}) {
    CHECK(moves(true, 1s + sign * 1ms));
    CHECK_FALSE(moves(true, 1s + sign * (1ms + 1ns)));
    CHECK(moves(false, 1s + sign * 84'334us));
    CHECK_FALSE(moves(false, 1s + sign * (84'334us + 1ns)));
  }
}

TEST_CASE("rivals take over when the comb has been silent for two and a half seconds") {
  const auto third = [](nanoseconds first) {
    auto comb = exact(10);
    comb.judge(edge(9s + first));
    comb.judge(edge(9s + first + 1s));
    return comb.judge(edge(9s + first + 2s)).kind;
  };
  CHECK(third(500ms) == Kind::moved);
  CHECK(third(500ms - 1ns) == Kind::stray);
}

TEST_CASE("a comb that moved is steady, regular, and forgets its rivals") {
  auto comb = exact(10);
  for (int i = 0; i < 3; ++i) comb.judge(edge(9s + 600ms + i * 1s));
  CHECK(comb.steady());
  CHECK_FALSE(comb.irregular(MonotonicTime{11'600ms}));
  CHECK(comb.judge(edge(12'700ms)).kind == Kind::stray);
  CHECK(comb.judge(edge(13'700ms)).kind == Kind::stray);
}

TEST_CASE("a beat, or the pulse's loss, makes rivals begin anew") {
  auto comb = exact(10);
  comb.judge(edge(10'300ms));
  comb.judge(edge(11'300ms));
  SECTION("a beat") {
    comb.judge(edge(12s));
  }
  SECTION("the loss") {
    comb.lost();
    CHECK_FALSE(comb.steady());
  }
  CHECK(kind(comb, edge(12'300ms)) == Kind::stray);
}

TEST_CASE("three irregular edges are held against the comb for ten seconds") {
  auto comb = exact(10);
  for (const auto at : {9'100ms, 9'250ms, 9'400ms}) comb.judge(edge(at));
  CHECK(comb.irregular(MonotonicTime{19'100ms - 1ns}));
  CHECK_FALSE(comb.irregular(MonotonicTime{19'100ms}));
}

TEST_CASE("a change of slew shows in the first rival, one beat or two after the last") {
  const auto same_phase = [](nanoseconds first, nanoseconds step) {
    auto comb = exact(10, false);
    for (int i = 0; i < 2; ++i) comb.judge(without_raw(9s + first + i * step));
    const auto judged = comb.judge(without_raw(9s + first + 2 * step));
    REQUIRE(judged.kind == Kind::moved);
    return judged.same_phase;
  };
  CHECK(same_phase(949ms, 950ms));
  CHECK_FALSE(same_phase(949ms - 1ns, 950ms));
  CHECK(same_phase(1051ms, 1050ms));
  CHECK_FALSE(same_phase(1051ms + 1ns, 1050ms));
  CHECK(same_phase(1899ms, 950ms));
  CHECK_FALSE(same_phase(1899ms - 1ns, 950ms));
  CHECK(same_phase(2101ms, 1050ms));
  CHECK_FALSE(same_phase(2101ms + 1ns, 1050ms));
  SECTION("and is reckoned from the last beat of all") {
    auto comb = exact(10, false);
    comb.judge(without_raw(9'950ms));
    comb.judge(without_raw(10s));
    for (const auto at : {10'870ms, 11'790ms}) comb.judge(without_raw(at));
    const auto judged = comb.judge(without_raw(12'710ms));
    CHECK(judged.kind == Kind::moved);
    CHECK_FALSE(judged.same_phase);
  }
  SECTION("or from that of a comb that has moved") {
    auto comb = exact(10, false);
    for (int i = 0; i < 3; ++i) comb.judge(without_raw(9'600ms + i * 1s));
    for (const auto at : {12'550ms, 13'500ms}) comb.judge(without_raw(at));
    CHECK(comb.judge(without_raw(14'450ms)).same_phase);
  }
  // Three beats after it says nothing any more.
  CHECK_FALSE(same_phase(2850ms, 950ms));
}
