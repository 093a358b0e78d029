// How the edge filter compares the pulse with the oscillator's remembered rate, to the nanosecond.

#include "driver/core/edge_filter.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

using Kind = EdgeFilter::Kind;

constexpr auto warm = 1000s + 0ns;  // after the machine's first quarter of an hour

RawTime raw(nanoseconds at) {
  return RawTime{at};
}

/// So many edges of an oscillator without any error, exactly a second apart; the last is at `last`.
RateWatch watch(int edges, nanoseconds last = warm) {
  RateWatch watch;
  for (int i = edges - 1; i >= 0; --i) watch.add(raw(last - i * 1s), 0ns, 1);
  return watch;
}

/// The known rate after one more edge, which is on its course and shows `rate`.
nanoseconds rate_after(RateWatch watch, nanoseconds at, nanoseconds rate,
                       std::int64_t seconds = 1) {
  watch.add(raw(at), rate, seconds);
  return watch.known().value_or(nanoseconds::max());
}

bool runs_off_at(RateWatch watch, nanoseconds at) {
  watch.add(raw(at), 0ns, 1);
  return watch.runs_off();
}

bool is_back_at(RateWatch watch, nanoseconds at) {
  watch.add(raw(at), 0ns, 1);
  return watch.is_back();
}

Edge edge(nanoseconds at) {
  return {MonotonicTime{at}, RawTime{at}};
}

/// A filter that knows the oscillator's rate; its last edge is at `warm`.
EdgeFilter trained() {
  EdgeFilter filter;
  for (int i = 200; i >= 0; --i) filter.classify(edge(warm - i * 1s));
  return filter;
}

/// What the filter makes of an edge `wrong` beside its second.
EdgeFilter::Classification next(EdgeFilter& filter, int second, nanoseconds wrong) {
  return filter.classify(edge(warm + second * 1s + wrong));
}

/// A filter whose pulse has left its course, by 40 us in each second up to `seconds`.
EdgeFilter run_off(int seconds) {
  auto filter = trained();
  for (int i = 1; i <= seconds; ++i) next(filter, i, i * 40us);
  REQUIRE(filter.runs_off());
  return filter;
}

/// A filter whose pulse has jumped by 2 ms in the second after `warm`, and has stayed there for
/// three edges.
EdgeFilter stepped() {
  auto filter = trained();
  for (int i = 1; i <= 3; ++i) REQUIRE(next(filter, i, 2ms).kind == Kind::off_time);
  return filter;
}

}  // namespace

TEST_CASE("the rate is remembered from the thirty-third edge on", "[driver][rate-watch]") {
  CHECK_FALSE(watch(32).known());
  CHECK(watch(33).known() == 0ns);
  SECTION("until then any rate is the oscillator's") {
    auto rough = watch(31);
    rough.add(raw(warm + 1s), 6400ns, 1);
    CHECK(rate_after(rough, warm + 2s, 6400ns) == 6400ns);
  }
  SECTION("and each later edge counts for a thirty-second") {
    CHECK(rate_after(watch(32), warm + 1s, 320ns) == 10ns);
    CHECK(rate_after(watch(32), warm + 1s, -320ns) == -10ns);
  }
}

TEST_CASE("how fast the remembered rate may change", "[driver][rate-watch]") {
  const int sign = GENERATE(1, -1);
  const auto rate = sign * 100us;
  SECTION("50 ns in a second up to the hundredth edge, then 3") {
    CHECK(rate_after(watch(99), warm + 1s, rate) == sign * 50ns);
    CHECK(rate_after(watch(100), warm + 1s, rate) == sign * 3ns);
  }
  SECTION("20 ns until the machine has run for a quarter of an hour") {
    constexpr auto quarter = 900s + 0ns;
    CHECK(rate_after(watch(99, quarter - 1s), quarter - 1ns, rate) == sign * 50ns);
    CHECK(rate_after(watch(100, quarter - 1s), quarter - 1ns, rate) == sign * 20ns);
    CHECK(rate_after(watch(100, quarter - 1s), quarter, rate) == sign * 3ns);
  }
  SECTION("as much again in each further second") {
    CHECK(rate_after(watch(99), warm + 2s, rate, 2) == sign * 100ns);
    CHECK(rate_after(watch(100), warm + 3s, rate, 3) == sign * 9ns);
  }
}

TEST_CASE("a pulse may leave its course by a millisecond, and is back at half of that",
          "[driver][rate-watch]") {
  const int sign = GENERATE(1, -1);
  const auto due = warm + 1s;
  CHECK_FALSE(runs_off_at(watch(40), due + sign * 1ms));
  CHECK(runs_off_at(watch(40), due + sign * (1ms + 1ns)));
  CHECK(is_back_at(watch(40), due + sign * 500us));
  CHECK_FALSE(is_back_at(watch(40), due + sign * (500us + 1ns)));
}

TEST_CASE("the course follows the pulse by a six-hundredth in each second",
          "[driver][rate-watch]") {
  const int sign = GENERATE(1, -1);
  const std::int64_t seconds = GENERATE(1, 2);
  auto follows = watch(40);
  auto due = warm + seconds * 1s;
  follows.add(raw(due + sign * 600us), 0ns, seconds);
  due += 1s + seconds * sign * 1us;
  CHECK_FALSE(runs_off_at(follows, due + sign * 1ms));
  CHECK(runs_off_at(follows, due + sign * (1ms + 1ns)));
  CHECK_FALSE(runs_off_at(follows, due - sign * 1ms));
  CHECK(runs_off_at(follows, due - sign * (1ms + 1ns)));
  SECTION("but not a pulse that runs off") {
    auto left = watch(40);
    left.add(raw(warm + 1s + sign * 6ms), 0ns, 1);
    CHECK_FALSE(runs_off_at(left, warm + 2s + sign * 1ms));
    CHECK(runs_off_at(left, warm + 2s + sign * (1ms + 1ns)));
  }
}

TEST_CASE("after missing edges the course is compared", "[driver][rate-watch]") {
  const auto compares = [](int edges, nanoseconds after) {
    return watch(edges).restart(raw(warm + after));
  };
  SECTION("once the rate is remembered") {
    CHECK_FALSE(compares(32, 10s));
    CHECK(compares(33, 10s));
  }
  SECTION("from the same second to a hundred seconds later") {
    CHECK_FALSE(compares(40, -1s));
    CHECK(compares(40, 0s));
    CHECK(compares(40, 100s));
    CHECK_FALSE(compares(40, 101s));
  }
  SECTION("up to 5 ms: beyond, it is another phase") {
    const int sign = GENERATE(1, -1);
    CHECK(compares(40, 10s + sign * 5ms));
    CHECK_FALSE(compares(40, 10s + sign * (5ms + 1ns)));
  }
  SECTION("with the remembered rate") {
    auto fast = watch(32);
    fast.add(raw(warm + 1s), 320ns, 1);  // 10 ns in a second
    REQUIRE(fast.restart(raw(warm + 51s + 500ns + 1ms)));
    CHECK_FALSE(fast.runs_off());
    REQUIRE(fast.restart(raw(warm + 51s + 500ns + 1ms + 1ns)));
    CHECK(fast.runs_off());
  }
  SECTION("and a new one begins where it could not be") {
    auto begun = watch(40);
    begun.add(raw(warm + 1s + 2ms), 0ns, 1);
    REQUIRE(begun.runs_off());
    REQUIRE_FALSE(begun.restart(raw(warm + 10s + 300ms)));
    CHECK_FALSE(begun.runs_off());
    CHECK_FALSE(runs_off_at(begun, warm + 11s + 301ms));
    CHECK(runs_off_at(begun, warm + 11s + 301ms + 1ns));
  }
}

TEST_CASE("a course that is accepted is the true one, at the rate of the last half minute",
          "[driver][rate-watch]") {
  auto accepted = watch(100);
  accepted.add(raw(warm + 1s + 2ms), 3200ns, 1);
  REQUIRE(accepted.runs_off());
  REQUIRE(accepted.known() == 0ns);
  accepted.accept(raw(warm + 1s + 2ms));
  CHECK_FALSE(accepted.runs_off());
  CHECK(accepted.is_back());
  CHECK(accepted.known() == 100ns);
  CHECK_FALSE(runs_off_at(accepted, warm + 2s + 3ms + 100ns));
  CHECK(runs_off_at(accepted, warm + 2s + 3ms + 101ns));
}

TEST_CASE("a gap of three seconds is one of missing edges, a longer one begins a new line",
          "[driver][edge-filter]") {
  const auto on_time = [](int second, nanoseconds wrong) {
    auto filter = trained();
    return next(filter, second, wrong).kind == Kind::on_time;
  };
  CHECK(on_time(3, 650us));
  CHECK_FALSE(on_time(3, 650us + 1ns));
  CHECK(on_time(4, 540us));
  CHECK_FALSE(on_time(4, 540us + 1ns));
}

TEST_CASE("a pulse that runs off is off time, and no longer steady", "[driver][edge-filter]") {
  auto filter = run_off(60);
  const auto last = *filter.last();
  CHECK_FALSE(filter.steady());
  CHECK(next(filter, 61, 61 * 40us).kind == Kind::off_time);
  CHECK_FALSE(filter.steady());
  CHECK(filter.last()->raw == last.raw);
  SECTION("until there is no edge for more than 490 s") {
    auto silent = filter;
    CHECK(next(silent, 61 + 490, 61 * 40us + 1ns).kind == Kind::first);
    CHECK_FALSE(silent.runs_off());
    CHECK(next(filter, 61 + 490, 61 * 40us).kind != Kind::first);
  }
}

TEST_CASE(
    "a pulse that ran off and returns as slowly is accepted where it is half a millisecond off",
    "[driver][edge-filter]") {
  auto filter = run_off(40);
  const auto last = *filter.last();
  auto wrong = 40 * 40us;
  int second = 40;
  auto returned = EdgeFilter::Classification{Kind::off_time};
  while (wrong > 0us && returned.kind == Kind::off_time) {
    wrong -= 40us;
    ++second;
    returned = next(filter, second, wrong);
  }
  CHECK(returned.kind == Kind::phase_jump);
  CHECK(returned.course == Course::kept);
  CHECK_FALSE(returned.same_phase);
  CHECK(wrong > 300us);
  CHECK(wrong < 600us);
  const auto at = *edge(warm + second * 1s + wrong).raw;
  CHECK(returned.seconds == nearest_second(difference(at, *last.raw)).count());
  CHECK_FALSE(filter.runs_off());
  CHECK(filter.last()->raw == at);
  SECTION("the oscillator's rate is still the remembered one") {
    CHECK(std::chrono::abs(*filter.drift()) < 500ns);
  }
  SECTION("the edge is the first of three that make the filter steady") {
    CHECK_FALSE(filter.steady());
    CHECK(next(filter, second + 1, wrong - 40us).seconds == 1);
    CHECK_FALSE(filter.steady());
    CHECK(next(filter, second + 2, wrong - 80us).seconds == 1);
    CHECK(filter.steady());
  }
}

TEST_CASE("a rate that has lasted for ten minutes is taken for the oscillator's",
          "[driver][edge-filter]") {
  auto filter = trained();
  int begin = 1;
  while (next(filter, begin, begin * 10us).kind == Kind::on_time) ++begin;
  REQUIRE(filter.runs_off());
  const auto last = *filter.last();
  const auto due = warm + (begin + 600) * 1s + (begin + 600) * 10us;
  for (int i = begin + 1; i < begin + 600; ++i)
    REQUIRE(next(filter, i, i * 10us).kind == Kind::off_time);
  SECTION("not a nanosecond earlier") {
    // The edge that began it was at begin * 10 us.
    const auto early = warm + (begin + 600) * 1s + begin * 10us - 1ns;
    CHECK(filter.classify({MonotonicTime{early}, RawTime{due}}).kind == Kind::off_time);
  }
  SECTION("and its edges are another phase of the pulse, and on time from then on") {
    const auto exact = warm + (begin + 600) * 1s + begin * 10us;
    const auto renewed = filter.classify({MonotonicTime{exact}, RawTime{due}});
    CHECK(renewed.kind == Kind::phase_jump);
    CHECK(renewed.course == Course::renewed);
    CHECK(renewed.seconds == nearest_second(difference(raw(due), *last.raw)).count());
    CHECK_FALSE(filter.runs_off());
    CHECK(std::chrono::abs(*filter.drift() - 10us) < 1us);
    for (int i = begin + 601; i < begin + 660; ++i)
      REQUIRE(next(filter, i, i * 10us).kind == Kind::on_time);
    CHECK_FALSE(filter.runs_off());
  }
}

TEST_CASE("a pulse that jumps off its course by a few milliseconds is off time",
          "[driver][edge-filter]") {
  auto filter = stepped();
  CHECK(filter.runs_off());
  CHECK(filter.last()->raw == RawTime{warm});
  CHECK_FALSE(filter.irregular(MonotonicTime{warm + 3s + 2ms}));
  SECTION("from a millisecond on") {
    const int sign = GENERATE(1, -1);
    const auto third = [&](nanoseconds wrong) {
      auto jumps = trained();
      for (int i = 1; i <= 2; ++i) next(jumps, i, sign * wrong);
      const auto classified = next(jumps, 3, sign * wrong);
      CHECK(jumps.runs_off() == (classified.kind == Kind::off_time));
      return classified.kind;
    };
    CHECK(third(1ms) == Kind::phase_jump);
    CHECK(third(1ms + 1ns) == Kind::off_time);
    CHECK(third(5ms) == Kind::off_time);
    CHECK(third(5ms + 1ns) == Kind::phase_jump);
  }
  SECTION("the next edge on its line is off time too") {
    CHECK(next(filter, 4, 2ms).kind == Kind::off_time);
    CHECK(filter.runs_off());
  }
  SECTION("its edges are no candidates any more: another phase takes three new ones") {
    auto jumps = trained();
    for (int i = 1; i <= 3; ++i) REQUIRE(next(jumps, i, 1800us).kind == Kind::off_time);
    REQUIRE(jumps.runs_off());
    for (int i = 4; i <= 5; ++i) CHECK(next(jumps, i, 900us).kind == Kind::off_time);
    CHECK(next(jumps, 6, 900us).kind == Kind::phase_jump);
  }
  SECTION("the silence that ends it counts from its last edge") {
    auto silent = filter;
    CHECK(next(silent, 493, 2ms + 1ns).kind == Kind::first);
    CHECK(next(filter, 493, 2ms).kind != Kind::first);
  }
  SECTION("a second jump does not prolong the ten minutes") {
    for (int i = 4; i < 300; ++i) REQUIRE(next(filter, i, 2ms).kind == Kind::off_time);
    for (int i = 300; i < 603; ++i) REQUIRE(next(filter, i, 3ms).kind == Kind::off_time);
    CHECK(next(filter, 603, 3ms).course == Course::renewed);
  }
}

TEST_CASE("after a jump the filter reports whether the pulse had left its course before",
          "[driver][edge-filter]") {
  const auto course = [](EdgeFilter filter, int after, nanoseconds wrong) {
    for (int i = 1; i <= 2; ++i) REQUIRE(next(filter, after + i, wrong).kind == Kind::off_time);
    const auto third = next(filter, after + 3, wrong);
    REQUIRE(third.kind == Kind::phase_jump);
    CHECK_FALSE(filter.runs_off());
    return third.course;
  };
  SECTION("kept, if it had not run off") {
    CHECK(course(trained(), 0, 300ms) == Course::kept);
    CHECK(course(trained(), 0, 1ms) == Course::kept);
  }
  SECTION("left, if it had, and is elsewhere now") {
    CHECK(course(run_off(60), 60, 300ms) == Course::left);
    CHECK(course(stepped(), 3, 300ms) == Course::left);
  }
  SECTION("kept, if it had, and is back where it was") {
    CHECK(course(run_off(60), 60, 0us) == Course::kept);
    CHECK(course(stepped(), 3, 0us) == Course::kept);
  }
}

TEST_CASE("edges beside a pulse that ran off do not count any more once it is back",
          "[driver][edge-filter]") {
  const auto wrong_at = [](int second) { return (80 - second) * 40us; };  // it returns by second 80
  int back = 41;
  for (auto filter = run_off(40); next(filter, back, wrong_at(back)).kind == Kind::off_time;)
    ++back;
  constexpr auto beside = 600ms;
  const auto is_on_time = [&](int others, nanoseconds wrong) {
    auto filter = run_off(40);
    auto kind = Kind::off_time;
    for (int i = 41; i <= back; ++i) {
      if (i > back - others) REQUIRE(next(filter, i - 1, beside).kind == Kind::off_time);
      REQUIRE(kind == Kind::off_time);
      kind = next(filter, i, wrong_at(i)).kind;
    }
    REQUIRE(kind == Kind::phase_jump);
    // Then only the edges beside it come, and the fourth of them is early: how far it shifts the
    // line depends on how many there were.
    for (int i = back; i <= back + 1; ++i) REQUIRE(next(filter, i, beside).kind == Kind::off_time);
    REQUIRE(next(filter, back + 2, beside).kind == Kind::phase_jump);
    REQUIRE(next(filter, back + 3, beside - 300us).kind == Kind::on_time);
    return next(filter, back + 4, beside + wrong).kind == Kind::on_time;
  };
  auto latest = 0us;
  while (is_on_time(0, latest)) ++latest;
  CHECK(latest > 100us);
  CHECK(is_on_time(2, latest - 1us));
  CHECK_FALSE(is_on_time(2, latest));
}
