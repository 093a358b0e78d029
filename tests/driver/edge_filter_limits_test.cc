// The limits of the edge filter, to the nanosecond.

#include "driver/core/edge_filter.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

using Kind = EdgeFilter::Kind;

Edge edge(nanoseconds at) {
  return {MonotonicTime{at}, RawTime{at}};
}

Edge without_raw(nanoseconds at) {
  return {MonotonicTime{at}, std::nullopt};
}

/// So many edges, exactly `second` apart; the first at 0.
EdgeFilter exact(int edges, bool raw = true, nanoseconds second = 1s) {
  EdgeFilter filter;
  for (int i = 0; i < edges; ++i) filter.classify(raw ? edge(i * second) : without_raw(i * second));
  return filter;
}

Kind kind(EdgeFilter filter, const Edge& next) {
  return filter.classify(next).kind;
}

/// Checks that edges are on time up to `most` from `due`, to both sides, to the nanosecond.
void check_reach(const EdgeFilter& filter, nanoseconds due, nanoseconds most) {
  INFO("due at " << due.count() << " ns");
  CHECK(kind(filter, edge(due + most)) == Kind::on_time);
  CHECK(kind(filter, edge(due + most + 1ns)) == Kind::off_time);
  CHECK(kind(filter, edge(due - most)) == Kind::on_time);
  CHECK(kind(filter, edge(due - most - 1ns)) == Kind::off_time);
}

}  // namespace

TEST_CASE("the oscillator's rate is known after sixteen edges, and narrows the tolerance") {
  check_reach(exact(1), 1s, 1ms);
  CHECK_FALSE(exact(15).drift());
  check_reach(exact(15), 15s, 1ms);
  CHECK(exact(16).drift() == 0ns);
  check_reach(exact(16), 16s, 550us);
}

TEST_CASE(
    "the tolerance grows by 500 us in each second of a gap, by 10 us once the rate is known") {
  check_reach(exact(10), 9s + 3s, 2ms);
  check_reach(exact(40), 39s + 110s, 1600us);
}

TEST_CASE("an edge beside the line shifts it by its share of the memory") {
  SECTION("of the edges so far, while they are few") {
    auto filter = exact(9);
    filter.classify(edge(9s + 550us));  // 38/110 of it, and 6/110 of it a second
    check_reach(filter, 10s + 220us, 1ms);
  }
  SECTION("of the last thirty-two") {
    auto filter = exact(40);
    filter.classify(edge(40s - 352us));  // 126/1056 of it, and 6/1056 of it a second
    check_reach(filter, 41s - 44us, 550us);
  }
  SECTION("after two missing beats as well") {
    auto filter = exact(40);
    filter.classify(edge(42s - 352us));
    check_reach(filter, 43s - 42us - 666ns, 550us);
  }
  SECTION("but a late one, once the rate is known, by no more than the temperature explains") {
    auto filter = exact(40);
    filter.classify(edge(40s + 352us));  // as if it were 50 us
    check_reach(filter, 41s + 5965ns + 284ns, 550us);
    filter = exact(40);
    filter.classify(edge(41s + 352us));  // or 100 us in two seconds
    check_reach(filter, 42s + 11'931ns + 284ns, 550us);
    filter = exact(15);
    filter.classify(edge(15s + 600us));  // 62/272 of all of it
    CHECK(filter.drift() == 13'235ns);
  }
}

TEST_CASE("after more than two missing edges a new line begins") {
  SECTION("with the rate that is known") {
    auto filter = exact(40);
    const auto begin = 43s + 352us;
    filter.classify(edge(begin));
    CHECK(filter.drift() == 0ns);
    check_reach(filter, begin + 1s, 550us);
    filter.classify(edge(begin + 1s - 100us));  // 18/30 of it, and 6/1056 of it a second
    check_reach(filter, begin + 2s - 60us - 568ns, 550us);
  }
  SECTION("with a rate from over the gap, where none is known") {
    auto filter = exact(9);
    filter.classify(edge(12s + 400us));
    check_reach(filter, 13s + 500us, 1ms);
  }
}

TEST_CASE("no oscillator is more than 500 ppm off") {
  const int sign = GENERATE(1, -1);
  auto filter = exact(1);
  filter.classify(edge(1s + sign * 900us));
  check_reach(filter, 2s + sign * 1400us, 1ms);
}

TEST_CASE("a rate that is known outlives the line") {
  constexpr auto second = 1s + 80us;
  SECTION("over a gap that ends the filter") {
    auto filter = exact(40, true, second);
    REQUIRE(filter.classify(edge(600s)).kind == Kind::first);
    check_reach(filter, 600s + second, 550us);
  }
  SECTION("over a move to another phase") {
    auto filter = exact(40, true, second);
    const auto other = 39 * second + 300ms;
    for (int i = 1; i <= 2; ++i) filter.classify(edge(other + i * second));
    REQUIRE(filter.classify(edge(other + 3 * second)).kind == Kind::phase_jump);
    check_reach(filter, other + 4 * second, 550us);
    // The new line rests on three edges: the fourth counts 14/20.
    filter.classify(edge(other + 4 * second - 100us));
    check_reach(filter, other + 5 * second - 70us - 568ns, 550us);
  }
}

TEST_CASE(
    "seconds are counted over a gap of 490 s, and after a longer one the filter starts again") {
  const auto filter = exact(10);
  auto counted = filter;
  CHECK(counted.classify(edge(9s + 490s)).seconds == 490);
  CHECK(kind(filter, edge(9s + 490s + 1ns)) == Kind::first);
  CHECK(kind(filter, edge(9s - 490s)) == Kind::off_time);
  CHECK(kind(filter, edge(9s - 490s - 1ns)) == Kind::first);

  auto anew = filter;
  anew.classify(edge(9s + 500s + 300ms));
  CHECK_FALSE(anew.steady());
  anew.classify(edge(9s + 501s + 300ms));
  CHECK_FALSE(anew.steady());
  CHECK(anew.classify(edge(9s + 502s + 300ms)).kind == Kind::on_time);
  CHECK(anew.steady());
}

TEST_CASE("the raw clock alone counts where both edges do not have it") {
  auto filter = exact(10);
  filter.classify(without_raw(10s));
  // The line went on without a raw time of its own.
  check_reach(filter, 11s, 1ms);
  auto far = filter;
  CHECK(far.classify({MonotonicTime{11s}, RawTime{10s + 491s}}).seconds == 491);
  CHECK(kind(filter, {MonotonicTime{11s}, RawTime{10s + 491s + 1ns}}) == Kind::off_time);
  CHECK(kind(filter, {MonotonicTime{11s}, RawTime{10s}}) == Kind::off_time);
}

TEST_CASE("without raw time an edge may be off by 0.5 ms and 500 ppm of the last second") {
  const auto filter = exact(10, false);
  CHECK(kind(filter, without_raw(10s + 1'000'500ns)) == Kind::on_time);
  CHECK(kind(filter, without_raw(10s + 1'000'501ns)) == Kind::off_time);
  CHECK(kind(filter, without_raw(10s - 999'500ns)) == Kind::on_time);
  CHECK(kind(filter, without_raw(10s - 999'501ns)) == Kind::off_time);
}

TEST_CASE("without raw time the next second is also compared with the last one") {
  auto filter = exact(10, false);
  filter.classify(without_raw(10s + 1ms));
  CHECK(kind(filter, without_raw(11s + 1ms + 2'001'000ns)) == Kind::on_time);
  CHECK(kind(filter, without_raw(11s + 1ms + 2'001'001ns)) == Kind::off_time);
  // But not behind a gap.
  filter.classify(without_raw(12s + 1ms));
  CHECK(kind(filter, without_raw(13s + 1ms + 2ms)) == Kind::off_time);
}

TEST_CASE("a slew that grows is not followed by half a millisecond per edge") {
  auto filter = exact(10, false);
  filter.classify(without_raw(10s + 1ms));  // a second of 1.001 s
  filter.classify(without_raw(11s + 3ms));  // of 1.002 s: in reach of that one alone
  CHECK(kind(filter, without_raw(12s + 6ms)) == Kind::off_time);
}

TEST_CASE("two missing edges leave the filter steady, three do not") {
  auto filter = exact(10);
  filter.classify(edge(12s));
  CHECK(filter.steady());
  filter = exact(10);
  filter.classify(edge(13s));
  CHECK_FALSE(filter.steady());
  filter.classify(edge(14s));
  CHECK_FALSE(filter.steady());
  filter.classify(edge(15s));
  CHECK(filter.steady());
}

TEST_CASE("after a loss of the source three edges are steady again, or three of another phase") {
  auto filter = exact(10);
  filter.on_source_lost();
  SECTION("of the same phase") {
    filter.classify(edge(10s));
    filter.classify(edge(11s));
    CHECK_FALSE(filter.steady());
    filter.classify(edge(12s));
    CHECK(filter.steady());
  }
  SECTION("of another") {
    for (int i = 0; i < 3; ++i) filter.classify(edge(9s + 600ms + i * 1s));
    CHECK(filter.steady());
  }
}

TEST_CASE("where raw time comes and goes, what both edges have is what counts") {
  const auto candidates = [](EdgeFilter& filter, nanoseconds first, nanoseconds step) {
    for (int i = 0; i < 2; ++i) filter.classify(without_raw(first + i * step));
    return filter.classify(without_raw(first + 2 * step));
  };
  SECTION("a candidate without it may be due to a slew") {
    auto filter = exact(10);
    CHECK(candidates(filter, 9s + 500ms, 1050ms).kind == Kind::phase_jump);
  }
  SECTION("and takes over the line of the raw time") {
    auto filter = exact(10);
    REQUIRE(candidates(filter, 9s + 600ms, 1s).kind == Kind::phase_jump);
    CHECK(filter.classify(edge(12s + 600ms)).kind == Kind::on_time);
  }
  SECTION("an edge with raw time ends the period of a slew") {
    auto filter = exact(10);
    filter.classify(without_raw(10s + 1ms));
    filter.classify(edge(11s));
    CHECK(kind(filter, without_raw(12s + 1800us)) == Kind::off_time);
  }
  SECTION("no slew explains a jump by half a second and more") {
    const auto first = GENERATE(600ms, 1500ms);
    auto filter = exact(10);
    CHECK_FALSE(candidates(filter, 9s + first, 950ms).same_phase);
    auto jumped = exact(10);
    for (int i = 0; i < 3; ++i) jumped.classify(edge(9s + 600ms + i * 1s));
    CHECK_FALSE(candidates(jumped, 11s + 600ms + first, 950ms).same_phase);
    auto over_a_gap = exact(10, false);
    over_a_gap.classify(without_raw(11s));
    CHECK_FALSE(candidates(over_a_gap, 11s + first, 950ms).same_phase);
  }
}

TEST_CASE(
    "off-time edges a second apart are a candidate phase, to a millisecond or as far as a slew "
    "goes") {
  const auto jumps = [](bool raw, nanoseconds step) {
    auto filter = exact(10, raw);
    auto last = Kind::off_time;
    for (int i = 0; i < 3; ++i) {
      const auto at = 9s + 1500ms + i * step;
      last = filter.classify(raw ? edge(at) : without_raw(at)).kind;
    }
    return last == Kind::phase_jump;
  };
  for (const int sign : {1, -1}) {
    CHECK(jumps(true, 1s + sign * 1ms));
    CHECK_FALSE(jumps(true, 1s + sign * (1ms + 1ns)));
    CHECK(jumps(false, 1s + sign * 84'334us));
    CHECK_FALSE(jumps(false, 1s + sign * (84'334us + 1ns)));
  }
}

TEST_CASE("a candidate phase takes over after two and a half seconds without an accepted edge") {
  const auto third = [](nanoseconds first) {
    auto filter = exact(10);
    filter.classify(edge(9s + first));
    filter.classify(edge(9s + first + 1s));
    return filter.classify(edge(9s + first + 2s)).kind;
  };
  CHECK(third(500ms) == Kind::phase_jump);
  CHECK(third(500ms - 1ns) == Kind::off_time);
}

TEST_CASE("after a phase jump the filter is steady and regular, and has no candidate") {
  auto filter = exact(10);
  for (int i = 0; i < 3; ++i) filter.classify(edge(9s + 600ms + i * 1s));
  CHECK(filter.steady());
  CHECK_FALSE(filter.irregular(MonotonicTime{11'600ms}));
  CHECK(filter.classify(edge(12'700ms)).kind == Kind::off_time);
  CHECK(filter.classify(edge(13'700ms)).kind == Kind::off_time);
}

TEST_CASE("an accepted edge, or the loss of the source, resets the candidate phase") {
  auto filter = exact(10);
  filter.classify(edge(10'300ms));
  filter.classify(edge(11'300ms));
  SECTION("an accepted edge") {
    filter.classify(edge(12s));
  }
  SECTION("the loss") {
    filter.on_source_lost();
    CHECK_FALSE(filter.steady());
  }
  CHECK(kind(filter, edge(12'300ms)) == Kind::off_time);
}

TEST_CASE("three irregular edges count for ten seconds") {
  auto filter = exact(10);
  for (const auto at : {9'100ms, 9'250ms, 9'400ms}) filter.classify(edge(at));
  CHECK(filter.irregular(MonotonicTime{19'100ms - 1ns}));
  CHECK_FALSE(filter.irregular(MonotonicTime{19'100ms}));
}

TEST_CASE(
    "a change of slew shows in the first off-time edge, one second or two after the last edge") {
  const auto same_phase = [](nanoseconds first, nanoseconds step) {
    auto filter = exact(10, false);
    for (int i = 0; i < 2; ++i) filter.classify(without_raw(9s + first + i * step));
    const auto classified = filter.classify(without_raw(9s + first + 2 * step));
    REQUIRE(classified.kind == Kind::phase_jump);
    return classified.same_phase;
  };
  CHECK(same_phase(949ms, 950ms));
  CHECK_FALSE(same_phase(949ms - 1ns, 950ms));
  CHECK(same_phase(1051ms, 1050ms));
  CHECK_FALSE(same_phase(1051ms + 1ns, 1050ms));
  CHECK(same_phase(1899ms, 950ms));
  CHECK_FALSE(same_phase(1899ms - 1ns, 950ms));
  CHECK(same_phase(2101ms, 1050ms));
  CHECK_FALSE(same_phase(2101ms + 1ns, 1050ms));
  SECTION("and is measured from the last accepted edge") {
    auto filter = exact(10, false);
    filter.classify(without_raw(9'950ms));
    filter.classify(without_raw(10s));
    for (const auto at : {10'870ms, 11'790ms}) filter.classify(without_raw(at));
    const auto classified = filter.classify(without_raw(12'710ms));
    CHECK(classified.kind == Kind::phase_jump);
    CHECK_FALSE(classified.same_phase);
  }
  SECTION("or from that after a phase jump") {
    auto filter = exact(10, false);
    for (int i = 0; i < 3; ++i) filter.classify(without_raw(9'600ms + i * 1s));
    for (const auto at : {12'550ms, 13'500ms}) filter.classify(without_raw(at));
    CHECK(filter.classify(without_raw(14'450ms)).same_phase);
  }
  // Three seconds after it proves nothing any more.
  CHECK_FALSE(same_phase(2850ms, 950ms));
}
