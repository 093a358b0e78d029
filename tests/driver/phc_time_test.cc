#include "driver/core/phc_time.h"

#include <array>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr SystemTime noon{1795348800s};

/// The PHC counts from its own start.
PhcReading reading(nanoseconds after_noon, nanoseconds took, nanoseconds phc) {
  return {noon + after_noon, phc, noon + after_noon + took};
}

/// Of an edge a second after noon and after the PHC's 500 s, by a clock that has been read before.
std::optional<SystemTime> at(nanoseconds stamp, const PhcReading& now,
                             const PhcReading& before = reading(0ns, 0ns, 500s)) {
  PhcTime time;
  CHECK_FALSE(time.at(500s, std::array{before}));
  return time.at(stamp, std::array{now});
}

PhcReading soon(nanoseconds took = 4us) {
  return reading(1s + 300us - took / 2, took, 501s + 300us);
}

}  // namespace

TEST_CASE("an edge is as old by the system's clock as it is by the card's", "[driver][phc]") {
  CHECK(at(501s, soon()) == noon + 1s);
  CHECK(at(501s, soon(0ns)) == noon + 1s);
  CHECK(at(501s + 300us, soon()) == noon + 1s + 300us);
  // Whatever that clock is set to.
  CHECK(at(-6s, reading(1s + 300us, 0ns, -6s + 300us), reading(0ns, 0ns, -7s)) == noon + 1s);
}

TEST_CASE("while an edge waits, the clocks run as they did since the edge before",
          "[driver][phc]") {
  // By a card that is slow by 100 ppm: while a second of it passes, 1.0001 do here.
  const auto now = reading(1s + 100us, 0ns, 501s);
  CHECK(at(501s - 250ms, now) == noon + 1s + 100us - 250ms - 25us);
  CHECK(at(501s - 1ms, now) == noon + 1s + 100us - 1ms - 100ns);
  CHECK(at(501s, now) == noon + 1s + 100us);
  // And one that is fast.
  CHECK(at(501s - 250ms, reading(1s - 100us, 0ns, 501s)) == noon + 1s - 100us - 250ms + 25us);
}

TEST_CASE("a clock that was set since the edge before gives no time", "[driver][phc]") {
  for (const auto step : {-1s + 0us, -300us + 0us, 1s + 0us, 201us + 0us})
    CHECK_FALSE(at(501s, reading(1s + step, 0ns, 501s)));
  CHECK(at(501s, reading(1s + 199us, 0ns, 501s)));
  CHECK(at(501s, reading(1s - 199us, 0ns, 501s)));
  // It stood still, and the system's clock too.
  CHECK_FALSE(at(500s, reading(1s, 0ns, 500s)));
  CHECK_FALSE(at(500s, reading(0ns, 0ns, 500s)));
  CHECK_FALSE(at(2s, reading(1s, 0ns, 2s)));
}

TEST_CASE("the reading that took the shortest is used", "[driver][phc]") {
  PhcTime time;
  CHECK_FALSE(time.at(500s, std::array{reading(0ns, 0ns, 500s)}));
  const std::vector<PhcReading> readings{reading(1s + 100us, 40us, 501s + 137us),
                                         reading(1s + 200us, 4us, 501s + 202us),
                                         reading(1s + 300us, 20us, 501s + 301us)};
  CHECK(time.at(501s, readings) == noon + 1s);
  CHECK_FALSE(time.at(502s, {}));
  // None of the others was kept for later.
  CHECK(time.at(502s, std::array{reading(2s, 0ns, 502s)}) == noon + 2s);
}

TEST_CASE("an edge that is stale, or of the future, has no time", "[driver][phc]") {
  const auto now = reading(1s, 0ns, 501s);
  CHECK(at(501s - PhcTime::longest_wait, now) == noon + 1s - PhcTime::longest_wait);
  CHECK_FALSE(at(501s - PhcTime::longest_wait - 1ns, now));
  CHECK_FALSE(at(501s + 1ns, now));
}

TEST_CASE("a reading that took too long, or less than nothing, gives no time", "[driver][phc]") {
  CHECK(at(501s, soon(PhcTime::longest_reading)) == noon + 1s);
  CHECK_FALSE(at(501s, soon(PhcTime::longest_reading + 2ns)));
  CHECK_FALSE(at(501s, soon(-4us)));
}

TEST_CASE("of a pulse's two edges the one after the longer gap begins it", "[driver][phc]") {
  for (const auto width : {nanoseconds{2ms} + 1ns, nanoseconds{100ms}, nanoseconds{399ms}}) {
    PhcEdges edges{true};
    // The first may be either.
    CHECK_FALSE(edges.counts(10s));
    CHECK_FALSE(edges.counts(10s + width));
    for (const auto second : {11s, 12s, 13s}) {
      CHECK(edges.counts(second));
      CHECK_FALSE(edges.counts(second + width));
    }
  }
}

TEST_CASE("where it cannot be known which edge it is, none counts", "[driver][phc]") {
  for (const auto width : {500ms, 400ms, 2ms}) {
    PhcEdges edges{true};
    for (auto second = 10s; second < 20s; ++second) {
      CHECK_FALSE(edges.counts(second));
      CHECK_FALSE(edges.counts(second + width));
    }
  }
  // The wire is plugged in while the pulse is high.
  PhcEdges plugged{true};
  CHECK_FALSE(plugged.counts(10s));
  CHECK_FALSE(plugged.counts(10s + 100ms));
  CHECK_FALSE(plugged.counts(17s + 100ms));
  CHECK_FALSE(plugged.counts(18s));
  CHECK_FALSE(plugged.counts(18s + 100ms));
  CHECK(plugged.counts(19s));
  // The card's clock is set back.
  CHECK_FALSE(plugged.counts(5s));
}

TEST_CASE("after a lost edge the trailing ones are not taken for leading ones", "[driver][phc]") {
  // By a card whose clock is slow: a second of it is a little less.
  constexpr auto second = 1s - 100us;
  for (const auto width : {nanoseconds{100ns}, nanoseconds{900us}, nanoseconds{100ms}})
    for (const bool for_ever : {false, true}) {
      const bool told = width > 2ms;
      PhcEdges edges{true};
      for (int i = 0; i < 10; ++i) {
        const auto begin = second * i;
        const bool lost = for_ever ? i >= 5 : i == 5;
        if (!lost) CHECK(edges.counts(begin) == (told && i > 0 && (i < 5 || i > 6)));
        CHECK_FALSE(edges.counts(begin + width));
      }
    }
}

TEST_CASE("a card's clock may be a thousandth fast or slow", "[driver][phc]") {
  for (const auto period : {999ms, 1001ms}) {
    const nanoseconds more = period > 1s ? 1ns : -1ns;
    PhcEdges edges{true};
    CHECK_FALSE(edges.counts(0s));
    CHECK_FALSE(edges.counts(100ms));
    CHECK(edges.counts(period));
    CHECK_FALSE(edges.counts(period + 100ms));
    CHECK_FALSE(edges.counts(2 * period + more));
  }
}

TEST_CASE("of a card that stamps one edge each counts", "[driver][phc]") {
  PhcEdges edges{false};
  for (const auto edge : {0ms, 1000ms, 2000ms, 2300ms, 3000ms, 4000ms, 9000ms, 9001ms, 10000ms})
    CHECK(edges.counts(edge));
}

TEST_CASE("a card that reports one edge but stamps both is detected", "[driver][phc]") {
  PhcEdges edges{false};
  for (const auto second : {0s, 1s, 2s}) {
    CHECK(edges.counts(second));
    CHECK(edges.counts(second + 100ms));
  }
  for (const auto second : {3s, 4s, 5s}) {
    CHECK(edges.counts(second));
    CHECK_FALSE(edges.counts(second + 100ms));
  }
  CHECK_FALSE(edges.counts(9s));
  // Three disturbed seconds with a good one in between are no such card.
  PhcEdges disturbed{false};
  for (const auto edge :
       {0ms, 100ms, 1000ms, 1100ms, 2000ms, 3000ms, 3100ms, 4000ms, 4100ms, 5000ms, 5100ms})
    CHECK(disturbed.counts(edge));
}

TEST_CASE("an edge too many delays the finding when it could be a pulse's first, and not before",
          "[driver][phc]") {
  for (const auto extra : {570ms, 600ms, 601ms, 630ms}) {
    PhcEdges edges{false};
    for (const auto edge :
         {0ms, 100ms, 1000ms, 1100ms, 2000ms, 2100ms, 2100ms + extra, 3000ms, 3100ms, 4000ms})
      CHECK(edges.counts(edge));
    CHECK(edges.counts(4100ms) == (extra > 600ms));
  }
}
