#include "driver/core/comb.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

Edge edge(nanoseconds at) {
  return {MonotonicTime{at}, RawTime{at}};
}

Edge edge_without_raw(nanoseconds at) {
  return {MonotonicTime{at}, std::nullopt};
}

Comb steady_comb(bool raw) {
  Comb comb;
  for (int i = 0; i < 10; ++i) comb.judge(raw ? edge(i * 1s) : edge_without_raw(i * 1s));
  REQUIRE(comb.steady());
  return comb;
}

}  // namespace

TEST_CASE("an edge half a millisecond and 500 ppm off the second is a beat, a later one a stray") {
  auto comb = steady_comb(true);
  CHECK(comb.judge(edge(9s + 1s + 900us)).kind == Comb::Kind::beat);
  comb = steady_comb(true);
  CHECK(comb.judge(edge(9s + 1s + 1100us)).kind == Comb::Kind::stray);
  CHECK(comb.judge(edge(9s + 1s + 1200us)).kind == Comb::Kind::stray);
}

TEST_CASE("once the crystal's rate is known, half a millisecond is all that a beat may be off") {
  Comb comb;
  const nanoseconds second = 1s + 80us;  // a crystal that is 80 ppm fast
  for (int i = 0; i < 40; ++i) comb.judge(edge(i * second));
  SECTION("late") {
    CHECK(comb.judge(edge(40 * second + 540us)).kind == Comb::Kind::beat);
    CHECK(comb.judge(edge(41 * second + 700us)).kind == Comb::Kind::stray);
  }
  SECTION("after a gap, 50 ppm more") {
    CHECK(comb.judge(edge(139 * second + 5ms)).seconds == 100);
    CHECK(comb.judge(edge(140 * second + 5ms)).kind == Comb::Kind::beat);
  }
  SECTION("the other edge of a pulse does not hide behind a gap") {
    CHECK(comb.judge(edge(439 * second + 100ms)).kind == Comb::Kind::stray);
  }
}

TEST_CASE("edges that are later each time do not carry the comb away") {
  Comb comb;
  for (int i = 0; i < 40; ++i) comb.judge(edge(i * 1s));
  int beats = 0;
  for (int i = 1; i < 5; ++i)
    beats += comb.judge(edge((39 + i) * 1s + i * 400us)).kind == Comb::Kind::beat;
  CHECK(beats == 1);
}

TEST_CASE("a crystal that warms up by 20 ppm in a minute is followed") {
  Comb comb;
  auto at = 0ns;
  for (int i = 0; i < 300; ++i) {
    at += 1s + (i < 60 ? 0 : std::min(i - 60, 60)) * 333ns;
    REQUIRE((i == 0 || comb.judge(edge(at)).kind == Comb::Kind::beat || i == 1));
    if (i == 0) comb.judge(edge(at));
  }
}

TEST_CASE("missing beats are counted by whole seconds") {
  auto comb = steady_comb(true);
  const auto judged = comb.judge(edge(9s + 7s));
  CHECK(judged.kind == Comb::Kind::beat);
  CHECK(judged.seconds == 7);
  CHECK_FALSE(comb.steady());
}

TEST_CASE("two agreeing strays are not yet another phase, three are, when the comb has stopped") {
  auto comb = steady_comb(true);
  CHECK(comb.judge(edge(10'300ms)).kind == Comb::Kind::stray);
  CHECK(comb.judge(edge(11'300ms)).kind == Comb::Kind::stray);
  const auto judged = comb.judge(edge(12'300ms));
  CHECK(judged.kind == Comb::Kind::moved);
  CHECK_FALSE(judged.same_phase);
  CHECK(comb.judge(edge(13'300ms)).kind == Comb::Kind::beat);
}

TEST_CASE("strays beside a comb that beats never take over") {
  auto comb = steady_comb(true);
  for (int i = 10; i < 30; ++i) {
    CHECK(comb.judge(edge(i * 1s)).kind == Comb::Kind::beat);
    CHECK(comb.judge(edge(i * 1s + 300ms)).kind == Comb::Kind::stray);
  }
  CHECK(comb.irregular(MonotonicTime{30s}));
}

TEST_CASE("three irregular edges in ten seconds are too many, and are forgiven ten seconds later") {
  auto comb = steady_comb(true);
  comb.judge(edge(9'100ms));
  comb.judge(edge(9'250ms));
  CHECK_FALSE(comb.irregular(MonotonicTime{9'250ms}));
  comb.judge(edge(9'400ms));
  CHECK(comb.irregular(MonotonicTime{9'400ms}));
  CHECK_FALSE(comb.irregular(MonotonicTime{19'200ms}));
}

TEST_CASE(
    "a slew is followed where there is no raw time, a jump of the phase is not taken for one") {
  auto comb = steady_comb(false);
  comb.judge(edge_without_raw(9s + 1 * 950ms));
  comb.judge(edge_without_raw(9s + 2 * 950ms));
  const auto judged = comb.judge(edge_without_raw(9s + 3 * 950ms));
  CHECK(judged.kind == Comb::Kind::moved);
  CHECK(judged.same_phase);
  CHECK(judged.seconds == 3);
  CHECK(comb.judge(edge_without_raw(9s + 4 * 950ms)).seconds == 1);

  comb = steady_comb(false);
  comb.judge(edge_without_raw(10'100ms));
  comb.judge(edge_without_raw(11'100ms));
  const auto jumped = comb.judge(edge_without_raw(12'100ms));
  CHECK(jumped.kind == Comb::Kind::moved);
  CHECK_FALSE(jumped.same_phase);
}

TEST_CASE("a slew at chronyd's fastest is followed both ways") {
  const auto step = GENERATE(916'667us, 1'083'333us);
  auto comb = steady_comb(false);
  comb.judge(edge_without_raw(9s + 1 * step));
  comb.judge(edge_without_raw(9s + 2 * step));
  const auto judged = comb.judge(edge_without_raw(9s + 3 * step));
  CHECK(judged.kind == Comb::Kind::moved);
  CHECK(judged.same_phase);
}

TEST_CASE("a slew as fast as the budget is not in it and out of it by turns") {
  auto comb = steady_comb(false);
  comb.judge(edge_without_raw(9s + 1s + 990us));
  for (int i = 2; i <= 100; ++i) {
    const auto noise = i % 2 == 0 ? 3us : -3us;
    const auto when = 9s + i * (1s + 999us) + noise;
    REQUIRE(comb.judge(edge_without_raw(when)).kind == Comb::Kind::beat);
  }
}

TEST_CASE("on raw time no slew is believed") {
  auto comb = steady_comb(true);
  comb.judge(edge(9s + 1 * 950ms));
  comb.judge(edge(9s + 2 * 950ms));
  CHECK(comb.judge(edge(9s + 3 * 950ms)).kind == Comb::Kind::stray);
}

TEST_CASE("after eight minutes without a beat the phase says nothing, and the comb starts anew") {
  auto comb = steady_comb(true);
  CHECK(comb.judge(edge(9s + 480s + 200ms)).kind == Comb::Kind::beat);
  comb = steady_comb(true);
  CHECK(comb.judge(edge(9s + 500s)).kind == Comb::Kind::first);
}

TEST_CASE("times of any size are judged without overflow") {
  Comb comb;
  const auto least = nanoseconds::min();
  const auto most = nanoseconds::max();
  for (const auto at : {0ns, least, most, least, 0ns, most}) {
    comb.judge(edge(at));
    comb.judge(edge_without_raw(at));
  }
  CHECK_FALSE(comb.steady());

  comb = steady_comb(false);
  for (const auto at : std::initializer_list<nanoseconds>{9s + 300ms, most, -most, 9s + 400ms}) {
    const Edge apart{MonotonicTime{9s + 300ms}, RawTime{at}};
    CHECK(comb.judge(apart).kind == Comb::Kind::stray);
  }

  comb = Comb{};
  comb.judge(edge(most - 999'700us));
  CHECK(comb.judge(edge(most)).kind == Comb::Kind::beat);
}
