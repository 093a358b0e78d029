#include "driver/core/edge_filter.h"

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

EdgeFilter steady_filter(bool raw) {
  EdgeFilter filter;
  for (int i = 0; i < 10; ++i) filter.classify(raw ? edge(i * 1s) : edge_without_raw(i * 1s));
  REQUIRE(filter.steady());
  return filter;
}

}  // namespace

TEST_CASE(
    "an edge half a millisecond and 500 ppm off the second is on time, a later one is off time") {
  auto filter = steady_filter(true);
  CHECK(filter.classify(edge(9s + 1s + 900us)).kind == EdgeFilter::Kind::on_time);
  filter = steady_filter(true);
  CHECK(filter.classify(edge(9s + 1s + 1100us)).kind == EdgeFilter::Kind::off_time);
  CHECK(filter.classify(edge(9s + 1s + 1200us)).kind == EdgeFilter::Kind::off_time);
}

TEST_CASE("once the oscillator's rate is known, an edge may be off by half a millisecond") {
  EdgeFilter filter;
  const nanoseconds second = 1s + 80us;  // a crystal that is 80 ppm fast
  for (int i = 0; i < 40; ++i) filter.classify(edge(i * second));
  SECTION("late") {
    CHECK(filter.classify(edge(40 * second + 540us)).kind == EdgeFilter::Kind::on_time);
    CHECK(filter.classify(edge(41 * second + 700us)).kind == EdgeFilter::Kind::off_time);
  }
  SECTION("after a gap, 10 ppm more") {
    CHECK(filter.classify(edge(239 * second + 2ms)).seconds == 200);
    CHECK(filter.classify(edge(240 * second + 2ms)).kind == EdgeFilter::Kind::on_time);
  }
  SECTION("but not by a millisecond after less than 100 s") {
    CHECK(filter.classify(edge(89 * second + 900us)).kind == EdgeFilter::Kind::on_time);
    CHECK(filter.classify(edge(139 * second + 2100us)).kind == EdgeFilter::Kind::off_time);
  }
  SECTION("the other edge of a pulse does not hide behind a gap") {
    CHECK(filter.classify(edge(439 * second + 100ms)).kind == EdgeFilter::Kind::off_time);
  }
}

TEST_CASE("edges that are later each time do not shift the filter") {
  EdgeFilter filter;
  for (int i = 0; i < 40; ++i) filter.classify(edge(i * 1s));
  int accepted = 0;
  for (int i = 1; i < 5; ++i)
    accepted += filter.classify(edge((39 + i) * 1s + i * 400us)).kind == EdgeFilter::Kind::on_time;
  CHECK(accepted == 1);
}

TEST_CASE("an oscillator that warms up by 10 ppm in the machine's first ten minutes is followed") {
  const auto sign = GENERATE(1, -1);
  EdgeFilter filter;
  auto at = 60s + 0ns;
  filter.classify(edge(at));
  for (int i = 0; i < 2000; ++i) {
    at += 1s + sign * std::min(i, 600) * 17ns;
    REQUIRE(filter.classify(edge(at)).kind == EdgeFilter::Kind::on_time);
  }
}

TEST_CASE("an oscillator under load, 1.7 ppm in ten minutes, is followed, up and down") {
  EdgeFilter filter;
  auto at = 2000s + 0ns;
  filter.classify(edge(at));
  auto rate = 0ns;
  for (int i = 0; i < 10'000; ++i) {
    rate += (i / 600 % 2 == 0 ? 1 : -1) * (i % 6 == 0 ? 17ns : 0ns);
    at += 1s + rate;
    REQUIRE(filter.classify(edge(at)).kind == EdgeFilter::Kind::on_time);
  }
}

TEST_CASE("a pulse that runs off is off time before it is 5 ms wrong, in both directions") {
  const auto sign = GENERATE(1, -1);
  const auto ppm = GENERATE(5, 7, 15, 40, 100, 400);
  const int from = GENERATE(120, 3000);
  EdgeFilter filter;
  const auto begin = 1000s + 0ns;
  auto wrong = 0ns;
  auto worst = 0ns;
  bool noticed = false;
  for (int i = 0; i < from + 600; ++i) {
    if (i >= from) wrong += sign * ppm * 1us;
    const auto kind = filter.classify(edge(begin + i * 1s + wrong)).kind;
    noticed = filter.runs_off() || kind == EdgeFilter::Kind::phase_jump;
    if (kind == EdgeFilter::Kind::phase_jump) break;
    if (kind == EdgeFilter::Kind::on_time) worst = std::max(worst, std::chrono::abs(wrong));
    if (i >= from + 590) break;  // a rate that lasts is taken for the oscillator's
  }
  CHECK(worst < 2ms);
  CHECK(noticed);
}

TEST_CASE("a pulse that ran off and came back is accepted at once, where it is on its course") {
  EdgeFilter filter;
  auto at = 1000s + 0ns;
  for (int i = 0; i < 500; ++i) filter.classify(edge(at + i * 1s));
  at += 500s;
  auto wrong = 0ns;
  for (int i = 0; i < 200; ++i) filter.classify(edge(at + i * 1s + (wrong += 40us)));
  REQUIRE(filter.runs_off());
  at += 200s;
  int until = 0;
  while (filter.classify(edge(at)).kind == EdgeFilter::Kind::off_time && ++until < 100) at += 1s;
  CHECK(until < 20);
  CHECK_FALSE(filter.runs_off());
}

TEST_CASE("missing edges are counted by whole seconds") {
  auto filter = steady_filter(true);
  const auto classified = filter.classify(edge(9s + 7s));
  CHECK(classified.kind == EdgeFilter::Kind::on_time);
  CHECK(classified.seconds == 7);
  CHECK_FALSE(filter.steady());
}

TEST_CASE(
    "two consistent off-time edges are no phase jump, three are, when no edge is on time any "
    "more") {
  auto filter = steady_filter(true);
  CHECK(filter.classify(edge(10'300ms)).kind == EdgeFilter::Kind::off_time);
  CHECK(filter.classify(edge(11'300ms)).kind == EdgeFilter::Kind::off_time);
  const auto classified = filter.classify(edge(12'300ms));
  CHECK(classified.kind == EdgeFilter::Kind::phase_jump);
  CHECK_FALSE(classified.same_phase);
  CHECK(filter.classify(edge(13'300ms)).kind == EdgeFilter::Kind::on_time);
}

TEST_CASE("off-time edges between accepted ones never take over") {
  auto filter = steady_filter(true);
  for (int i = 10; i < 30; ++i) {
    CHECK(filter.classify(edge(i * 1s)).kind == EdgeFilter::Kind::on_time);
    CHECK(filter.classify(edge(i * 1s + 300ms)).kind == EdgeFilter::Kind::off_time);
  }
  CHECK(filter.irregular(MonotonicTime{30s}));
}

TEST_CASE(
    "three irregular edges in ten seconds are too many, and are forgotten ten seconds later") {
  auto filter = steady_filter(true);
  filter.classify(edge(9'100ms));
  filter.classify(edge(9'250ms));
  CHECK_FALSE(filter.irregular(MonotonicTime{9'250ms}));
  filter.classify(edge(9'400ms));
  CHECK(filter.irregular(MonotonicTime{9'400ms}));
  CHECK_FALSE(filter.irregular(MonotonicTime{19'200ms}));
}

TEST_CASE(
    "a slew is followed where there is no raw time, a jump of the phase is not taken for one") {
  auto filter = steady_filter(false);
  filter.classify(edge_without_raw(9s + 1 * 950ms));
  filter.classify(edge_without_raw(9s + 2 * 950ms));
  const auto classified = filter.classify(edge_without_raw(9s + 3 * 950ms));
  CHECK(classified.kind == EdgeFilter::Kind::phase_jump);
  CHECK(classified.same_phase);
  CHECK(classified.seconds == 3);
  CHECK(filter.classify(edge_without_raw(9s + 4 * 950ms)).seconds == 1);

  filter = steady_filter(false);
  filter.classify(edge_without_raw(10'100ms));
  filter.classify(edge_without_raw(11'100ms));
  const auto jumped = filter.classify(edge_without_raw(12'100ms));
  CHECK(jumped.kind == EdgeFilter::Kind::phase_jump);
  CHECK_FALSE(jumped.same_phase);
}

TEST_CASE("a slew at chronyd's fastest is followed both ways") {
  const auto step = GENERATE(916'667us, 1'083'333us);
  auto filter = steady_filter(false);
  filter.classify(edge_without_raw(9s + 1 * step));
  filter.classify(edge_without_raw(9s + 2 * step));
  const auto classified = filter.classify(edge_without_raw(9s + 3 * step));
  CHECK(classified.kind == EdgeFilter::Kind::phase_jump);
  CHECK(classified.same_phase);
}

TEST_CASE("a slew as fast as the tolerance is not within it and beyond it in turns") {
  auto filter = steady_filter(false);
  filter.classify(edge_without_raw(9s + 1s + 990us));
  for (int i = 2; i <= 100; ++i) {
    const auto noise = i % 2 == 0 ? 3us : -3us;
    const auto when = 9s + i * (1s + 999us) + noise;
    REQUIRE(filter.classify(edge_without_raw(when)).kind == EdgeFilter::Kind::on_time);
  }
}

TEST_CASE("with raw time no slew is assumed") {
  auto filter = steady_filter(true);
  filter.classify(edge(9s + 1 * 950ms));
  filter.classify(edge(9s + 2 * 950ms));
  CHECK(filter.classify(edge(9s + 3 * 950ms)).kind == EdgeFilter::Kind::off_time);
}

TEST_CASE("after eight minutes without an edge the filter starts again") {
  auto filter = steady_filter(true);
  CHECK(filter.classify(edge(9s + 480s + 200ms)).kind == EdgeFilter::Kind::on_time);
  filter = steady_filter(true);
  CHECK(filter.classify(edge(9s + 500s)).kind == EdgeFilter::Kind::first);
}

TEST_CASE("times of any size cause no overflow") {
  EdgeFilter filter;
  const auto least = nanoseconds::min();
  const auto most = nanoseconds::max();
  for (const auto at : {0ns, least, most, least, 0ns, most}) {
    filter.classify(edge(at));
    filter.classify(edge_without_raw(at));
  }
  CHECK_FALSE(filter.steady());

  filter = steady_filter(false);
  for (const auto at : std::initializer_list<nanoseconds>{9s + 300ms, most, -most, 9s + 400ms}) {
    const Edge apart{MonotonicTime{9s + 300ms}, RawTime{at}};
    CHECK(filter.classify(apart).kind == EdgeFilter::Kind::off_time);
  }

  filter = EdgeFilter{};
  filter.classify(edge(most - 999'700us));
  CHECK(filter.classify(edge(most)).kind == EdgeFilter::Kind::on_time);
}
