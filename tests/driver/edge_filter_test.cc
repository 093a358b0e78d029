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
  SECTION("after a gap, 50 ppm more") {
    CHECK(filter.classify(edge(139 * second + 5ms)).seconds == 100);
    CHECK(filter.classify(edge(140 * second + 5ms)).kind == EdgeFilter::Kind::on_time);
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

TEST_CASE("an oscillator that warms up by 20 ppm in a minute is followed") {
  EdgeFilter filter;
  auto at = 0ns;
  for (int i = 0; i < 300; ++i) {
    at += 1s + (i < 60 ? 0 : std::min(i - 60, 60)) * 333ns;
    REQUIRE((i == 0 || filter.classify(edge(at)).kind == EdgeFilter::Kind::on_time || i == 1));
    if (i == 0) filter.classify(edge(at));
  }
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
