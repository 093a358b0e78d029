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

std::optional<SystemTime> by_one(nanoseconds stamp, const PhcReading& reading) {
  return system_time_at(stamp, std::array{reading});
}

}  // namespace

TEST_CASE("an edge is as old by the system's clock as it is by the card's", "[driver][phc]") {
  CHECK(by_one(500s, reading(300us, 4us, 500s + 302us)) == noon);
  CHECK(by_one(500s, reading(0ns, 0ns, 500s)) == noon);
  // Whatever that clock is set to.
  CHECK(by_one(-7s, reading(300us, 4us, -7s + 302us)) == noon);
}

TEST_CASE("the reading that took the shortest is believed", "[driver][phc]") {
  const std::vector<PhcReading> readings{reading(100us, 40us, 500s + 137us),
                                         reading(200us, 4us, 500s + 202us),
                                         reading(300us, 20us, 500s + 301us)};
  CHECK(system_time_at(500s, readings) == noon);
  CHECK_FALSE(system_time_at(500s, {}));
}

TEST_CASE("an edge that is stale, or of the future, has no time", "[driver][phc]") {
  const auto now = reading(0ns, 0ns, 500s);
  CHECK(by_one(500s - longest_phc_wait, now) == noon - longest_phc_wait);
  CHECK_FALSE(by_one(500s - longest_phc_wait - 1ns, now));
  CHECK_FALSE(by_one(500s + 1ns, now));
}

TEST_CASE("a system clock that was set between its two readings gives no time", "[driver][phc]") {
  CHECK_FALSE(by_one(500s, reading(300us, -4us, 500s + 302us)));
}

TEST_CASE("of a pulse's two edges the one after the longer gap begins it", "[driver][phc]") {
  for (const auto width : {nanoseconds{1us}, nanoseconds{100ms}, nanoseconds{399ms}}) {
    LeadingEdge edges;
    // The first may be either.
    CHECK_FALSE(edges.begins_pulse(10s));
    CHECK_FALSE(edges.begins_pulse(10s + width));
    for (const auto second : {11s, 12s, 13s}) {
      CHECK(edges.begins_pulse(second));
      CHECK_FALSE(edges.begins_pulse(second + width));
    }
  }
}

TEST_CASE("where it cannot be known which edge it is, none begins a pulse", "[driver][phc]") {
  // A pulse of half a second, and one of 0.4.
  for (const auto width : {500ms, 400ms}) {
    LeadingEdge edges;
    for (auto at = 10s + 0ms; at < 20s; at += 1s) {
      CHECK_FALSE(edges.begins_pulse(at));
      CHECK_FALSE(edges.begins_pulse(at + width));
    }
  }
  // The wire is plugged in while the pulse is high.
  LeadingEdge plugged;
  CHECK_FALSE(plugged.begins_pulse(10s));
  CHECK_FALSE(plugged.begins_pulse(10s + 100ms));
  CHECK_FALSE(plugged.begins_pulse(17s + 100ms));
  CHECK_FALSE(plugged.begins_pulse(18s));
  CHECK_FALSE(plugged.begins_pulse(18s + 100ms));
  CHECK(plugged.begins_pulse(19s));
  // The card's clock is set back.
  CHECK_FALSE(plugged.begins_pulse(5s));
}

TEST_CASE("after a lost edge the trailing ones are not taken for leading ones", "[driver][phc]") {
  // By a card whose clock is slow: a second of it is a little less.
  constexpr auto second = 1s - 100us;
  for (const bool for_ever : {false, true}) {
    LeadingEdge edges;
    for (int i = 0; i < 10; ++i) {
      const auto at = second * i;
      const bool lost = for_ever ? i >= 5 : i == 5;
      if (!lost) CHECK(edges.begins_pulse(at) == (i > 0 && (i < 5 || i > 6)));
      CHECK_FALSE(edges.begins_pulse(at + 100ms));
    }
  }
}

TEST_CASE("a card's clock may be a thousandth fast or slow", "[driver][phc]") {
  for (const auto period : {999ms, 1001ms}) {
    const nanoseconds more = period > 1s ? 1ns : -1ns;
    LeadingEdge edges;
    CHECK_FALSE(edges.begins_pulse(0s));
    CHECK_FALSE(edges.begins_pulse(100ms));
    CHECK(edges.begins_pulse(period));
    CHECK_FALSE(edges.begins_pulse(period + 100ms));
    CHECK_FALSE(edges.begins_pulse(2 * period + more));
  }
}
