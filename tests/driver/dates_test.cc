// Dates, day by day: accepted exactly between the earliest and the latest one.

#include "driver/core/calendar.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

constexpr seconds day = 86'400s;
constexpr UtcSecond first_day{};                       // 1970-01-01
constexpr UtcSecond last_day{seconds{4'291'747'200}};  // 2106-01-01
constexpr std::int64_t times_of_day[] = {0, 43'200, 86'399};

/// Whether a pulse that marks `second` is sent, after twelve good seconds of a life that leads to
/// it.
bool is_sent(UtcSecond second, const BridgeOptions& options) {
  constexpr int before = 12;
  Bridge bridge{options};
  bool sent = false;
  for (int s = 0; s <= before; ++s) {
    const auto utc = second - seconds{before - s};
    const auto since = seconds{s};
    const auto at = [&](nanoseconds after) {
      return Reading{SystemTime{seconds{a_morning} + since + after},
                     MonotonicTime{1000s + since + after}, std::nullopt};
    };
    const auto step = bridge.step(
        {at(100us), Pulse{SystemTime{seconds{a_morning} + since}, static_cast<std::uint64_t>(s)}});
    const auto* sample = std::get_if<Sample>(&*step.decision);
    sent = sample && sample->second == second;
    bridge.step({at(150ms), GpsdReport{TimeReport{"", {utc, 0ns}, at(150ms).system}}});
    bridge.step({at(300ms), GpsdReport{FixReport{"", 3, 0, UtcInstant{utc, 0ns}, std::nullopt}}});
  }
  return sent;
}

bool near_a_month_begin(UtcSecond second) {
  return month_begins_between(second - 12s, second + 1s);
}

}  // namespace

TEST_CASE(
    "every day from 1970 to 2106 is accepted exactly between the earliest and the latest date",
    "[driver][dates]") {
  std::int64_t judged = 0;
  for (auto midnight = first_day; midnight <= last_day; midnight += day) {
    for (const auto time : times_of_day) {
      const auto second = midnight + seconds{time};
      for (int rollovers = -4; rollovers <= 4; ++rollovers) {
        const auto told = second + rollovers * seconds{std::chrono::weeks{1024}};
        const auto refused = check_date(told, second, latest_date_after(second));
        REQUIRE(refused.has_value() == (rollovers != 0));
        if (rollovers < 0) REQUIRE(refused == Reason::before_floor);
        if (rollovers > 0) REQUIRE(refused == Reason::after_ceiling);
        ++judged;
      }
    }
  }
  CHECK(judged == std::int64_t{49'674} * 3 * 9);
}

TEST_CASE("23:59:60 is the second after, and its pulse is never sent", "[driver][dates]") {
  const auto leap = parse_iso_utc("2026-12-31T23:59:60Z");
  REQUIRE(leap);
  CHECK(leap->second == parse_iso_utc("2027-01-01T00:00:00Z")->second);
  CHECK_FALSE(parse_iso_utc("2026-12-31T12:00:60Z"));
  for (auto midnight = first_day + 31 * day; midnight <= last_day; midnight += day) {
    if (!month_begins_between(midnight - 1s, midnight)) continue;
    // Neither 23:59:59 nor :60 nor 00:00:00, whichever of them its pulse turns out to be.
    REQUIRE(near_a_month_begin(midnight));
    REQUIRE(near_a_month_begin(midnight - 1s));
  }
}

TEST_CASE("a pulse is sent from the earliest to the latest date, and not one second beyond",
          "[driver][dates]") {
  auto chosen = options();
  const UtcSecond second{seconds{a_morning + 12}};
  SECTION("earliest") {
    chosen.earliest_date = second - 11s;
    CHECK(is_sent(second, chosen));
    chosen.earliest_date = second;
    CHECK_FALSE(is_sent(second, chosen));
  }
  SECTION("latest") {
    chosen.earliest_date = second - seconds{std::chrono::years{15}};
    CHECK(is_sent(second, chosen));
    chosen.earliest_date -= 1s;
    CHECK_FALSE(is_sent(second, chosen));
  }
}

TEST_CASE("twelve good seconds are enough on any day that the clock knows", "[driver][dates]") {
  // Of each month one day, through a year.
  for (auto midnight = UtcSecond{seconds{1'795'305'600}};
       midnight < UtcSecond{seconds{1'795'305'600}} + 366 * day; midnight += 7 * day)
    for (const auto time : times_of_day) {
      const auto second = midnight + seconds{time};
      World world;
      world.start = second.time_since_epoch().count() - 20;
      const auto sent = live(world, 21).sent_between(20, 21);
      REQUIRE(sent == (near_a_month_begin(second) ? 0 : 1));
    }
}
