// The smaller judges: steps of the clock, the receiver's presence, the witness, the calendar.

#include "base/release.h"
#include "driver/core/calendar.h"
#include "driver/core/clock_watch.h"
#include "driver/core/receiver_watch.h"
#include "driver/core/witness.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr nanoseconds never = 1h;

Reading reading(nanoseconds monotonic, nanoseconds relation) {
  return {SystemTime{monotonic + relation}, MonotonicTime{monotonic}, std::nullopt};
}

MonotonicTime at(nanoseconds when) {
  return MonotonicTime{when};
}

}  // namespace

TEST_CASE("one reading that departs is a disturbance, two that agree are a step",
          "[driver][clock-watch]") {
  ClockWatch watch;
  watch.observe(reading(1s, never));
  watch.observe(reading(2s, never + 5ms));
  CHECK(watch.departure() == 5ms);
  CHECK_FALSE(watch.last_step());
  SECTION("a disturbance") {
    watch.observe(reading(3s, never));
    CHECK(watch.departure() == 0ns);
    CHECK_FALSE(watch.last_step());
  }
  SECTION("a step") {
    watch.observe(reading(3s, never + 5ms));
    CHECK(watch.departure() == 0ns);
    CHECK(watch.last_step() == at(2s));
    CHECK(watch.monotonic_of(SystemTime{4s + never + 5ms}) == at(4s));
  }
  SECTION("another departure is neither") {
    watch.observe(reading(3s, never - 5ms));
    CHECK_FALSE(watch.last_step());
  }
}

TEST_CASE("the noise between two clocks is no step", "[driver][clock-watch]") {
  ClockWatch watch;
  for (int i = 0; i < 1000; ++i)
    watch.observe(reading(seconds{i}, never + nanoseconds{(i * 7919) % 900'000}));
  CHECK_FALSE(watch.last_step());
}

TEST_CASE("a departure of more than a millisecond is suspect, of less is followed slowly",
          "[driver][clock-watch]") {
  const auto sign = GENERATE(1, -1);
  ClockWatch watch;
  watch.observe(reading(1s, never));
  watch.observe(reading(2s, never + sign * 1ms));
  CHECK(watch.departure() == 0ns);
  // A quarter of the way.
  CHECK(watch.monotonic_of(SystemTime{3s + never}) == at(3s - sign * 250us));
  watch.observe(reading(3s, never + sign * (1250us + 1ns)));
  CHECK(watch.departure() == sign * (1ms + 1ns));
}

TEST_CASE("a departure that is seen again after the old relation was is a new one",
          "[driver][clock-watch]") {
  ClockWatch watch;
  watch.observe(reading(1s, never));
  watch.observe(reading(2s, never + 5ms));
  watch.observe(reading(3s, never));
  watch.observe(reading(4s, never + 5ms));
  CHECK_FALSE(watch.last_step());
  watch.observe(reading(5s, never + 5ms));
  CHECK(watch.last_step() == at(4s));
}

TEST_CASE("after a step nothing is left of the suspicion", "[driver][clock-watch]") {
  ClockWatch watch;
  CHECK(watch.monotonic_of(SystemTime{5s}) == at(5s));
  watch.observe(reading(1s, never));
  watch.observe(reading(2s, never + 5ms));
  watch.observe(reading(3s, never + 5900us));
  REQUIRE(watch.last_step() == at(2s));
  watch.observe(reading(4s, never + 4200us));
  CHECK(watch.departure() == -1700us);
}

TEST_CASE("a step of decades overflows nothing", "[driver][clock-watch]") {
  ClockWatch watch;
  watch.observe({SystemTime{-nanoseconds::max()}, at(1s), std::nullopt});
  watch.observe({SystemTime{nanoseconds::max() - 1s}, at(2s), std::nullopt});
  watch.observe({SystemTime{nanoseconds::max()}, at(3s), std::nullopt});
  CHECK(watch.last_step() == at(2s));
}

namespace {

constexpr UtcInstant noon{UtcSecond{seconds{1'795'348'800}}, 0ns};

FixReport fix(int mode = 3, std::optional<UtcInstant> time = noon,
              std::string_view device = "/dev/ttyAMA0") {
  return {device, mode, 0, time};
}

TimeReport toff(UtcInstant time = noon, std::string_view device = "/dev/ttyAMA0") {
  return {device, time, SystemTime{}};
}

/// Of a receiver that is well at 10 s.
ReceiverWatch well(const std::string& device = "") {
  ReceiverWatch watch{device};
  watch.gpsd_spoke();
  watch.take(toff(), at(10s), at(10s + 2ms));
  watch.take(fix(), at(10s + 100ms));
  return watch;
}

std::optional<Reason> doubt(const ReceiverWatch& watch, nanoseconds now = 10s + 200ms) {
  return watch.doubt(at(now), 2s);
}

}  // namespace

TEST_CASE("a receiver is believed when fix and time tell one second", "[driver][receiver-watch]") {
  auto watch = well();
  CHECK_FALSE(doubt(watch));
  CHECK(watch.device() == "/dev/ttyAMA0");
  CHECK(watch.fix_mode() == 3);
}

TEST_CASE("each silence has its own reason", "[driver][receiver-watch]") {
  ReceiverWatch watch{""};
  CHECK(doubt(watch) == Reason::no_gpsd);
  watch.gpsd_spoke();
  CHECK(doubt(watch) == Reason::no_receiver);
  watch.take(fix(1, std::nullopt), at(10s));
  CHECK(doubt(watch) == Reason::no_fix);
  watch.take(fix(), at(10s));
  CHECK(doubt(watch) == Reason::no_second);
  watch.take(toff({noon.second + 1s, 0ns}), at(10s), at(10s));
  CHECK(doubt(watch) == Reason::time_mismatch);
  watch.take(toff(), at(10s), at(10s));
  CHECK_FALSE(doubt(watch));
  CHECK(doubt(watch, 13s) == Reason::no_receiver);
  watch.gpsd_lost();
  CHECK(doubt(watch) == Reason::no_gpsd);
}

TEST_CASE("no fix is a doubt at once, and a mode of a simulator is none",
          "[driver][receiver-watch]") {
  auto watch = well();
  SECTION("mode 1") {
    watch.take(fix(1, std::nullopt), at(10s + 150ms));
    CHECK(doubt(watch) == Reason::no_fix);
  }
  SECTION("simulated, or reckoned without any satellite") {
    auto unreal = fix();
    unreal.status = GENERATE(5, 8);
    watch.take(unreal, at(10s + 150ms));
    CHECK(doubt(watch) == Reason::no_fix);
  }
  SECTION("leap seconds that cannot be") {
    auto stale = fix();
    stale.leap_seconds = 16;
    watch.take(stale, at(10s + 150ms));
    CHECK(doubt(watch) == Reason::leap_seconds);
    watch.take(fix(), at(10s + 160ms));
    CHECK_FALSE(doubt(watch));
  }
}

TEST_CASE("what one receiver told is not another's, nor of a gpsd that is gone",
          "[driver][receiver-watch]") {
  constexpr nanoseconds forever = 1h;
  auto watch = well();
  SECTION("another device takes over") {
    CHECK(watch.take(toff(noon, "/dev/ttyUSB0"), at(14s), at(14s)));
    CHECK(watch.doubt(at(14s), forever) == Reason::no_receiver);
  }
  SECTION("gpsd is gone") {
    watch.take(SkyReport{"/dev/ttyAMA0", 9}, at(10s + 110ms));
    watch.take(fix(3, noon, "/dev/ttyUSB0"), at(10s + 120ms));
    watch.gpsd_lost();
    CHECK(watch.fix_mode() == 0);
    CHECK(watch.satellites_used() == 0);
    watch.gpsd_spoke();
    CHECK(watch.doubt(at(10s + 150ms), forever) == Reason::no_receiver);
    CHECK(watch.take(fix(3, std::nullopt, "/dev/ttyUSB0"), at(10s + 150ms)));
    CHECK(watch.doubt(at(10s + 150ms), forever) == Reason::no_fix);
    watch.take(fix(3, noon, "/dev/ttyUSB0"), at(10s + 160ms));
    CHECK(watch.doubt(at(10s + 160ms), forever) == Reason::no_second);
    watch.take(toff({noon.second + 1s, 0ns}, "/dev/ttyUSB0"), at(10s + 170ms), at(10s + 170ms));
    CHECK(watch.doubt(at(10s + 170ms), forever) == Reason::time_mismatch);
  }
  SECTION("the fix is gone") {
    watch.take(fix(1, std::nullopt), at(10s + 150ms));
    watch.take(fix(3, UtcInstant{noon.second + 1s, 0ns}), at(10s + 160ms));
    CHECK(doubt(watch) == Reason::time_mismatch);
  }
  SECTION("a fix of a simulator has no mode") {
    auto unreal = fix();
    unreal.status = 8;
    CHECK(watch.take(unreal, at(10s + 150ms)));
    CHECK(watch.fix_mode() == 0);
  }
  SECTION("another device's satellites, end and time") {
    CHECK(watch.take(SkyReport{"/dev/ttyAMA0", 9}, at(10s + 110ms)));
    CHECK_FALSE(watch.take(SkyReport{"/dev/ttyUSB0", 3}, at(10s + 120ms)));
    CHECK(watch.satellites_used() == 9);
    CHECK_FALSE(watch.take(toff(noon, "/dev/ttyUSB0"), at(10s + 130ms), at(10s + 130ms)));
    auto named = well("/dev/ttyAMA0");
    named.take(DeviceReport{false, 0, "/dev/ttyUSB0", false});
    named.take(DeviceReport{false, 0, "/dev/ttyAMA0", true});
    CHECK_FALSE(doubt(named));
  }
}

TEST_CASE("how long each of a receiver's words counts", "[driver][receiver-watch]") {
  SECTION("TPV after the burst, and before it") {
    const auto matches = [](nanoseconds cycle) {
      ReceiverWatch watch{""};
      watch.gpsd_spoke();
      watch.take(fix(), at(10s + cycle));
      watch.take(toff(), at(10s), at(10s + cycle));
      return !watch.doubt(at(10s + cycle), 10s);
    };
    CHECK(matches(2s));
    CHECK_FALSE(matches(2s + 1ns));
    CHECK(matches(-100ms));
    CHECK_FALSE(matches(-100ms - 1ns));
  }
  SECTION("another device's, beside the one that speaks") {
    auto watch = well();
    CHECK_FALSE(watch.take(fix(3, noon, "/dev/ttyUSB0"), at(13s + 100ms)));
    watch = well();
    CHECK(watch.take(fix(3, noon, "/dev/ttyUSB0"), at(13s + 100ms + 1ns)));
    CHECK(watch.device() == "/dev/ttyUSB0");
  }
  SECTION("a rival's") {
    auto watch = well();
    watch.take(fix(3, noon, "/dev/ttyUSB0"), at(10s + 150ms));
    const auto later = [&watch](nanoseconds now) {
      watch.take(toff(), at(now), at(now));
      watch.take(fix(), at(now));
      return watch.doubt(at(now), 2s);
    };
    CHECK(later(20s + 150ms) == Reason::several_receivers);
    CHECK_FALSE(later(20s + 150ms + 1ns));
  }
  SECTION("each report, for as long as there is patience") {
    const auto doubt_at = [](nanoseconds now) { return well().doubt(at(now), 2s); };
    CHECK_FALSE(doubt_at(12s));
    CHECK(doubt_at(12s + 1ns) == Reason::no_second);
    CHECK(doubt_at(12s + 100ms) == Reason::no_second);
    CHECK(doubt_at(12s + 100ms + 1ns) == Reason::no_receiver);
  }
  SECTION("a match, when neither tells that second any more") {
    auto watch = well();
    watch.take(toff({noon.second + 1s, 0ns}), at(12s), at(12s));
    watch.take(fix(), at(12s));
    CHECK_FALSE(watch.doubt(at(12s + 100ms), 2s));
    CHECK(watch.doubt(at(12s + 100ms + 1ns), 2s) == Reason::time_mismatch);
  }
}

TEST_CASE("two receivers are a doubt until one is named", "[driver][receiver-watch]") {
  auto watch = well();
  watch.take(fix(3, noon, "/dev/ttyUSB0"), at(10s + 150ms));
  CHECK(doubt(watch) == Reason::several_receivers);
  auto named = well("/dev/ttyAMA0");
  CHECK_FALSE(named.take(fix(1, std::nullopt, "/dev/ttyUSB0"), at(10s + 150ms)));
  CHECK_FALSE(doubt(named));
}

TEST_CASE("a device that gpsd closed is no receiver", "[driver][receiver-watch]") {
  auto watch = well();
  SECTION("an empty list") {
    watch.take(DeviceReport{true, 0, "", false});
  }
  SECTION("its own word") {
    watch.take(DeviceReport{false, 0, "/dev/ttyAMA0", false});
  }
  CHECK(doubt(watch) == Reason::no_receiver);
}

TEST_CASE("only a fresh word of a synchronised clock objects", "[driver][witness]") {
  const ClockStatus good{true, 1ms};
  Witness witness{true};
  witness.take(good, at(10s));
  CHECK(witness.objects(1s, at(11s), std::nullopt));
  CHECK(witness.objects(-60ms, at(11s), std::nullopt));
  CHECK_FALSE(witness.objects(51ms, at(11s), std::nullopt));
  CHECK_FALSE(witness.objects(1s, at(16s), std::nullopt));
  CHECK_FALSE(witness.objects(1s, at(11s), at(10s)));
  CHECK(witness.objects(1s, at(11s), at(9s)));
  witness.take({false, 1ms}, at(10s));
  CHECK_FALSE(witness.objects(1s, at(11s), std::nullopt));
  witness.take({true, 400ms}, at(10s));
  CHECK_FALSE(witness.objects(1s, at(11s), std::nullopt));
  Witness deaf{false};
  deaf.take(good, at(10s));
  CHECK_FALSE(deaf.objects(1s, at(11s), std::nullopt));
}

TEST_CASE("where a witness begins and ends to object", "[driver][witness]") {
  const auto objects = [](nanoseconds maxerror, nanoseconds offset, nanoseconds later = 1s) {
    Witness witness{true};
    witness.take({true, maxerror}, at(10s));
    return witness.objects(offset, at(10s + later), std::nullopt);
  };
  CHECK(objects(1ms, 1s, 5s));
  CHECK_FALSE(objects(1ms, 1s, 5s + 1ns));
  CHECK(objects(1ms, 51ms + 1ns));
  CHECK_FALSE(objects(1ms, -51ms));
  CHECK(objects(400ms - 1ns, 450ms));
  CHECK_FALSE(objects(400ms, 1s));
  CHECK(objects(0ns, 1s));
  CHECK_FALSE(objects(-1ns, 1s));
}

TEST_CASE("a month begins at its first midnight, and nowhere else", "[driver][calendar]") {
  const UtcSecond midnight{seconds{1'798'761'600}};  // 2027-01-01
  CHECK(month_begins_between(midnight - 1s, midnight));
  CHECK_FALSE(month_begins_between(midnight, midnight + 1s));
  CHECK_FALSE(month_begins_between(midnight - 2s, midnight - 1s));
  CHECK_FALSE(month_begins_between(midnight + 86'400s - 1s, midnight + 86'400s));
  CHECK_FALSE(month_begins_between(midnight, midnight - 1s));
  // The same month of another year.
  CHECK(month_begins_between(midnight, midnight + seconds{std::chrono::years{1}} + 86'400s));
}

TEST_CASE("leap seconds are known for the release, and may change by one each half year after it",
          "[driver][calendar]") {
  const auto release = release_date();
  CHECK(leap_seconds_may_be(18, release));
  CHECK_FALSE(leap_seconds_may_be(17, release));
  CHECK_FALSE(leap_seconds_may_be(19, release));
  CHECK_FALSE(leap_seconds_may_be(0, release));
  const UtcSecond new_year{seconds{1'798'761'600}};  // 2027-01-01
  CHECK_FALSE(leap_seconds_may_be(19, new_year - 1s));
  CHECK(leap_seconds_may_be(19, new_year));
  CHECK(leap_seconds_may_be(17, new_year));
  CHECK_FALSE(leap_seconds_may_be(16, new_year));
  CHECK_FALSE(leap_seconds_may_be(20, new_year));
  const auto in_july = new_year + 181 * 86'400s;
  CHECK_FALSE(leap_seconds_may_be(20, in_july - 1s));
  CHECK(leap_seconds_may_be(20, in_july));
  const auto years_later = new_year + 10 * 366 * 86'400s;  // 2037-01-05
  CHECK(leap_seconds_may_be(18 + 21, years_later));
  CHECK_FALSE(leap_seconds_may_be(18 + 22, years_later));
  CHECK_FALSE(leap_seconds_may_be(18 - 22, years_later));
  CHECK(leap_seconds_may_be(0, release - 1s));
}

TEST_CASE("a date off by rollovers is told by how many", "[driver][calendar]") {
  const auto floor = release_date();
  const auto ceiling = ceiling_of(floor);
  constexpr seconds weeks = std::chrono::weeks{1024};
  const auto n = GENERATE(1, 2, 3, 8, -1, -2, -8);
  CHECK(rollovers_to_fit(floor + 86'400s - n * weeks, floor, ceiling) == n);
  CHECK(rollovers_to_fit(floor - n * weeks, floor, ceiling) == n);
  CHECK(rollovers_to_fit(ceiling - n * weeks, floor, ceiling) == n);
  CHECK_FALSE(rollovers_to_fit(floor - 1s - n * weeks, floor, ceiling));
  CHECK_FALSE(rollovers_to_fit(ceiling + 1s - n * weeks, floor, ceiling));
  CHECK_FALSE(rollovers_to_fit(floor - 9 * weeks, floor, ceiling));
  CHECK_FALSE(rollovers_to_fit(floor, floor, ceiling));
  CHECK_FALSE(rollovers_to_fit(ceiling + 86'400s, floor, ceiling));
}

TEST_CASE("no rollover of 1024 weeks fits between floor and ceiling", "[driver][calendar]") {
  const auto floor = release_date();
  CHECK(floor > UtcSecond{seconds{1'790'000'000}});
  CHECK(ceiling_of(floor) - floor < 1024 * 7 * 86'400s);
  CHECK(ceiling_of(floor) - floor == std::chrono::years{15});
}
