// The smaller checks: clock steps, the receiver watch, the kernel clock, the calendar.

#include "base/release.h"
#include "driver/core/calendar.h"
#include "driver/core/clock_checks.h"
#include "driver/core/receiver_watch.h"
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
  watch.on_gpsd_line();
  watch.on_time(toff(), at(10s), at(10s + 2ms));
  watch.on_fix(fix(), at(10s + 100ms));
  return watch;
}

std::optional<Reason> reason(const ReceiverWatch& watch, nanoseconds now = 10s + 200ms) {
  return watch.reason_against(at(now), 2s);
}

}  // namespace

TEST_CASE("a receiver is accepted when fix and time have one second", "[driver][receiver-watch]") {
  auto watch = well();
  CHECK_FALSE(reason(watch));
  CHECK(watch.device() == "/dev/ttyAMA0");
  CHECK(watch.fix_mode() == 3);
}

TEST_CASE("each silence has its own reason", "[driver][receiver-watch]") {
  ReceiverWatch watch{""};
  CHECK(reason(watch) == Reason::no_gpsd);
  watch.on_gpsd_line();
  CHECK(reason(watch) == Reason::no_receiver);
  watch.on_fix(fix(1, std::nullopt), at(10s));
  CHECK(reason(watch) == Reason::no_fix);
  watch.on_fix(fix(), at(10s));
  CHECK(reason(watch) == Reason::no_second);
  watch.on_time(toff({noon.second + 1s, 0ns}), at(10s), at(10s));
  CHECK(reason(watch) == Reason::time_mismatch);
  watch.on_time(toff(), at(10s), at(10s));
  CHECK_FALSE(reason(watch));
  CHECK(reason(watch, 13s) == Reason::no_receiver);
  watch.on_gpsd_lost();
  CHECK(reason(watch) == Reason::no_gpsd);
}

TEST_CASE("a lost fix is a reason within half a second, and a simulator's mode is no fix",
          "[driver][receiver-watch]") {
  auto watch = well();
  SECTION("mode 1") {
    watch.on_fix(fix(1, std::nullopt), at(10s + 150ms));
    CHECK_FALSE(reason(watch, 10s + 650ms));
    CHECK(reason(watch, 10s + 650ms + 1ns) == Reason::no_fix);
    watch.on_fix(fix(1, std::nullopt), at(10s + 600ms));
    CHECK(reason(watch, 10s + 650ms + 1ns) == Reason::no_fix);
  }
  SECTION("mode 1 that the same cycle revises is none") {
    watch.on_fix(fix(1), at(10s + 150ms));
    watch.on_fix(fix(3), at(10s + 152ms));
    CHECK_FALSE(reason(watch, 11s));
  }
  SECTION("mode 0 is not known yet, and lasts for the patience") {
    watch.on_fix(fix(0, std::nullopt), at(10s + 150ms));
    CHECK_FALSE(reason(watch, 11s));
    CHECK(watch.fix_mode() == 3);
    for (int s = 11; s < 14; ++s) watch.on_fix(fix(0, std::nullopt), at(s * 1s + 150ms));
    CHECK(reason(watch, 13s + 200ms) == Reason::no_fix);
    CHECK(watch.fix_mode() == 0);
    watch.on_fix(fix(0), at(13s + 250ms));
    CHECK(reason(watch, 13s + 300ms) == Reason::unknown_fix);
  }
  SECTION("simulated, or reckoned without any satellite") {
    auto unreal = fix();
    unreal.status = GENERATE(5, 8);
    watch.on_fix(unreal, at(10s + 150ms));
    CHECK(reason(watch) == Reason::simulated_fix);
  }
  SECTION("leap seconds that cannot be") {
    auto stale = fix();
    stale.leap_seconds = 16;
    watch.on_fix(stale, at(10s + 150ms));
    CHECK(reason(watch) == Reason::leap_seconds);
    watch.on_fix(fix(), at(10s + 160ms));
    CHECK_FALSE(reason(watch));
  }
}

TEST_CASE("reports of one receiver, or of a gpsd that is gone, do not count for another",
          "[driver][receiver-watch]") {
  constexpr nanoseconds forever = 1h;
  auto watch = well();
  SECTION("another device takes over") {
    CHECK(watch.on_time(toff(noon, "/dev/ttyUSB0"), at(14s), at(14s)));
    CHECK(watch.reason_against(at(14s), forever) == Reason::no_fix_report);
  }
  SECTION("gpsd is gone") {
    watch.on_sky(SkyReport{"/dev/ttyAMA0", 9}, at(10s + 110ms));
    watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(10s + 120ms));
    watch.on_gpsd_lost();
    CHECK(watch.fix_mode() == 0);
    CHECK(watch.satellites_used() == 0);
    watch.on_gpsd_line();
    CHECK(watch.reason_against(at(10s + 150ms), forever) == Reason::no_receiver);
    CHECK(watch.on_fix(fix(3, std::nullopt, "/dev/ttyUSB0"), at(10s + 150ms)));
    CHECK(watch.reason_against(at(10s + 150ms), forever) == Reason::no_date);
    watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(10s + 160ms));
    CHECK(watch.reason_against(at(10s + 160ms), forever) == Reason::no_second);
    watch.on_time(toff({noon.second + 1s, 0ns}, "/dev/ttyUSB0"), at(10s + 170ms), at(10s + 170ms));
    CHECK(watch.reason_against(at(10s + 170ms), forever) == Reason::time_mismatch);
  }
  SECTION("a fix of a simulator has no mode") {
    auto unreal = fix();
    unreal.status = 8;
    CHECK(watch.on_fix(unreal, at(10s + 150ms)));
    CHECK(watch.fix_mode() == 0);
  }
  SECTION("another device's satellites, end and time") {
    CHECK(watch.on_sky(SkyReport{"/dev/ttyAMA0", 9}, at(10s + 110ms)));
    CHECK_FALSE(watch.on_sky(SkyReport{"/dev/ttyUSB0", 3}, at(10s + 120ms)));
    CHECK(watch.satellites_used() == 9);
    CHECK_FALSE(watch.on_time(toff(noon, "/dev/ttyUSB0"), at(10s + 130ms), at(10s + 130ms)));
    auto named = well("/dev/ttyAMA0");
    named.on_devices(DeviceReport{false, 0, "/dev/ttyUSB0", false});
    named.on_devices(DeviceReport{false, 0, "/dev/ttyAMA0", true});
    CHECK_FALSE(reason(named));
  }
}

TEST_CASE("how long each report of a receiver counts", "[driver][receiver-watch]") {
  SECTION("TPV after the burst, and before it") {
    const auto matches = [](nanoseconds cycle) {
      ReceiverWatch watch{""};
      watch.on_gpsd_line();
      watch.on_fix(fix(), at(10s + cycle));
      watch.on_time(toff(), at(10s), at(10s + cycle));
      return !watch.reason_against(at(10s + cycle), 10s);
    };
    CHECK(matches(2s));
    CHECK_FALSE(matches(2s + 1ns));
    CHECK(matches(-100ms));
    CHECK_FALSE(matches(-100ms - 1ns));
  }
  SECTION("another device's, beside the followed one") {
    auto watch = well();
    CHECK_FALSE(watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(13s + 100ms)));
    watch = well();
    CHECK(watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(13s + 100ms + 1ns)));
    CHECK(watch.device() == "/dev/ttyUSB0");
  }
  SECTION("a second device's") {
    auto watch = well();
    watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(10s + 150ms));
    const auto later = [&watch](nanoseconds now) {
      watch.on_time(toff(), at(now), at(now));
      watch.on_fix(fix(), at(now));
      return watch.reason_against(at(now), 2s);
    };
    CHECK(later(20s + 150ms) == Reason::several_receivers);
    CHECK_FALSE(later(20s + 150ms + 1ns));
  }
  SECTION("each report, for as long as there is patience") {
    const auto reason_at = [](nanoseconds now) { return well().reason_against(at(now), 2s); };
    CHECK_FALSE(reason_at(12s));
    CHECK(reason_at(12s + 1ns) == Reason::no_second);
    CHECK(reason_at(12s + 100ms) == Reason::no_second);
    CHECK(reason_at(12s + 100ms + 1ns) == Reason::no_receiver);
  }
  SECTION("a match, when neither report has that second any more") {
    auto watch = well();
    watch.on_time(toff({noon.second + 1s, 0ns}), at(12s), at(12s));
    watch.on_fix(fix(), at(12s));
    CHECK_FALSE(watch.reason_against(at(12s + 100ms), 2s));
    CHECK(watch.reason_against(at(12s + 100ms + 1ns), 2s) == Reason::time_mismatch);
  }
}

TEST_CASE("two receivers are a reason until one is named", "[driver][receiver-watch]") {
  auto watch = well();
  watch.on_fix(fix(3, noon, "/dev/ttyUSB0"), at(10s + 150ms));
  CHECK(reason(watch) == Reason::several_receivers);
  auto named = well("/dev/ttyAMA0");
  CHECK_FALSE(named.on_fix(fix(1, std::nullopt, "/dev/ttyUSB0"), at(10s + 150ms)));
  CHECK_FALSE(reason(named));
}

TEST_CASE("a device that gpsd closed is no receiver", "[driver][receiver-watch]") {
  auto watch = well();
  SECTION("an empty list") {
    watch.on_devices(DeviceReport{true, 0, "", false});
  }
  SECTION("its own report") {
    watch.on_devices(DeviceReport{false, 0, "/dev/ttyAMA0", false});
  }
  CHECK(reason(watch) == Reason::no_receiver);
}

TEST_CASE("only a current status of a synchronised clock contradicts",
          "[driver][kernel-clock-check]") {
  const ClockStatus good{true, 1ms};
  KernelClockCheck check{true};
  check.on_status(good, at(10s));
  CHECK(check.contradicts(1s, at(11s), std::nullopt));
  CHECK(check.contradicts(-60ms, at(11s), std::nullopt));
  CHECK_FALSE(check.contradicts(51ms, at(11s), std::nullopt));
  CHECK_FALSE(check.contradicts(1s, at(16s), std::nullopt));
  CHECK_FALSE(check.contradicts(1s, at(11s), at(10s)));
  CHECK(check.contradicts(1s, at(11s), at(9s)));
  check.on_status({false, 1ms}, at(10s));
  CHECK_FALSE(check.contradicts(1s, at(11s), std::nullopt));
  check.on_status({true, 400ms}, at(10s));
  CHECK_FALSE(check.contradicts(1s, at(11s), std::nullopt));
  KernelClockCheck disabled{false};
  disabled.on_status(good, at(10s));
  CHECK_FALSE(disabled.contradicts(1s, at(11s), std::nullopt));
}

TEST_CASE("the limits of a contradiction by the kernel clock", "[driver][kernel-clock-check]") {
  const auto objects = [](nanoseconds maxerror, nanoseconds offset, nanoseconds later = 1s) {
    KernelClockCheck check{true};
    check.on_status({true, maxerror}, at(10s));
    return check.contradicts(offset, at(10s + later), std::nullopt);
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
  CHECK(leap_seconds_plausible(18, release));
  CHECK_FALSE(leap_seconds_plausible(17, release));
  CHECK_FALSE(leap_seconds_plausible(19, release));
  CHECK_FALSE(leap_seconds_plausible(0, release));
  const UtcSecond new_year{seconds{1'798'761'600}};  // 2027-01-01
  CHECK_FALSE(leap_seconds_plausible(19, new_year - 1s));
  CHECK(leap_seconds_plausible(19, new_year));
  CHECK(leap_seconds_plausible(17, new_year));
  CHECK_FALSE(leap_seconds_plausible(16, new_year));
  CHECK_FALSE(leap_seconds_plausible(20, new_year));
  const auto in_july = new_year + 181 * 86'400s;
  CHECK_FALSE(leap_seconds_plausible(20, in_july - 1s));
  CHECK(leap_seconds_plausible(20, in_july));
  const auto years_later = new_year + 10 * 366 * 86'400s;  // 2037-01-05
  CHECK(leap_seconds_plausible(18 + 21, years_later));
  CHECK_FALSE(leap_seconds_plausible(18 + 22, years_later));
  CHECK_FALSE(leap_seconds_plausible(18 - 22, years_later));
  CHECK(leap_seconds_plausible(0, release - 1s));
}

TEST_CASE("for a date off by rollovers their number is found", "[driver][calendar]") {
  const auto earliest = release_date();
  const auto latest = latest_date_after(earliest);
  constexpr seconds weeks = std::chrono::weeks{1024};
  const auto n = GENERATE(1, 2, 3, 8, -1, -2, -8);
  CHECK(rollovers_to_fit(earliest + 86'400s - n * weeks, earliest, latest) == n);
  CHECK(rollovers_to_fit(earliest - n * weeks, earliest, latest) == n);
  CHECK(rollovers_to_fit(latest - n * weeks, earliest, latest) == n);
  CHECK_FALSE(rollovers_to_fit(earliest - 1s - n * weeks, earliest, latest));
  CHECK_FALSE(rollovers_to_fit(latest + 1s - n * weeks, earliest, latest));
  CHECK_FALSE(rollovers_to_fit(earliest - 9 * weeks, earliest, latest));
  CHECK_FALSE(rollovers_to_fit(earliest, earliest, latest));
  CHECK_FALSE(rollovers_to_fit(latest + 86'400s, earliest, latest));
}

TEST_CASE("no rollover of 1024 weeks fits between the earliest and the latest date",
          "[driver][calendar]") {
  const auto earliest = release_date();
  CHECK(earliest > UtcSecond{seconds{1'790'000'000}});
  CHECK(latest_date_after(earliest) - earliest < 1024 * 7 * 86'400s);
  CHECK(latest_date_after(earliest) - earliest == std::chrono::years{15});
}
