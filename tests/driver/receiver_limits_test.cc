// The limits of the receiver watch: how long its reports count, and how far apart they may be.

#include "driver/core/receiver_watch.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr nanoseconds patience = 2s;
constexpr std::string_view first_device = "/dev/ttyAMA0";
constexpr std::string_view second_device = "/dev/ttyUSB0";

MonotonicTime at(nanoseconds when) {
  return MonotonicTime{when};
}

/// So long after noon of 2026-11-22, or before it.
UtcInstant noon(nanoseconds later = 0ns) {
  const auto whole = std::chrono::floor<seconds>(later);
  return {UtcSecond{1'795'348'800s} + whole, later - whole};
}

FixReport fix(std::optional<UtcInstant> time, int mode = 3, int status = 0,
              std::string_view device = first_device) {
  return {device, mode, status, time};
}

TimeReport toff(UtcInstant time, std::string_view device = first_device) {
  return {device, time, SystemTime{}};
}

ReceiverWatch connected() {
  ReceiverWatch watch{""};
  watch.on_gpsd_line();
  return watch;
}

/// Of a receiver that is well at 10 s.
ReceiverWatch well() {
  auto watch = connected();
  watch.on_time(toff(noon()), at(10s), at(10s));
  watch.on_fix(fix(noon()), at(10s + 100ms));
  return watch;
}

/// The receiver's cycle at `now`: so long before a TOFF its burst can have begun at the earliest.
nanoseconds cycle_of(ReceiverWatch watch, nanoseconds now) {
  const auto stamp = now + 2900ms;
  watch.on_sentence(SentenceReport{}, at(now));
  watch.on_time(toff(noon()), at(stamp), at(stamp));
  return at(stamp) - watch.earliest_begin();
}

/// Fixes whose times have an interval, and which come in another one.
class Fixes {
 public:
  Fixes() { watch_.on_fix(fix(noon(time_)), at(now_)); }

  Fixes& add(nanoseconds later, nanoseconds arrival, int count = 1) {
    for (int i = 0; i < count; ++i) watch_.on_fix(fix(noon(time_ += later)), at(now_ += arrival));
    return *this;
  }

  Fixes& add(nanoseconds later) { return add(later, later); }

  [[nodiscard]] bool are_too_slow(nanoseconds later = 0ns) const {
    return watch_.reason_against(at(now_ + later), patience) == Reason::message_rate;
  }

  [[nodiscard]] nanoseconds cycle() const { return cycle_of(watch_, now_ + 10ms); }

 private:
  ReceiverWatch watch_ = connected();
  nanoseconds time_ = 0ns;
  nanoseconds now_ = 10s;
};

}  // namespace

TEST_CASE("the times of TPV and TOFF may differ by ten milliseconds, not by more",
          "[driver][receiver-watch]") {
  const auto matches = [](nanoseconds of_toff, nanoseconds apart) {
    auto watch = connected();
    watch.on_time(toff(noon(of_toff)), at(10s), at(10s));
    watch.on_fix(fix(noon(of_toff + apart)), at(10s + 100ms));
    return watch.reason_against(at(10s + 100ms), patience) != Reason::time_mismatch;
  };
  // Within a second, and on either side of its begin.
  const auto of_toff = GENERATE(500ms, 0ms, -1ms);
  const auto sign = GENERATE(1, -1);
  CHECK(matches(of_toff, sign * 10ms));
  CHECK_FALSE(matches(of_toff, sign * (10ms + 1ns)));
}

TEST_CASE("times that are centuries apart never match", "[driver][receiver-watch]") {
  // As nanoseconds in 64 bits these two spans would be one.
  const auto centuries = 18'446'744'074s;
  const auto rest = 290'448'384ns;
  const UtcInstant now = noon(rest);
  const UtcInstant far{now.second + centuries, 0ns};
  const bool fix_is_far = GENERATE(true, false);
  auto watch = connected();
  watch.on_time(toff(fix_is_far ? now : far), at(10s), at(10s));
  watch.on_fix(fix(fix_is_far ? far : now), at(10s + 100ms));
  CHECK(watch.reason_against(at(10s + 100ms), patience) == Reason::time_mismatch);
}

TEST_CASE("a fix lasts for three and a half seconds", "[driver][receiver-watch]") {
  auto watch = well();
  watch.on_time(toff(noon(3s)), at(13s), at(13s));
  CHECK_FALSE(watch.reason_against(at(13s + 600ms), patience));
  CHECK(watch.reason_against(at(13s + 600ms + 1ns), patience) == Reason::no_fix_report);
}

TEST_CASE("a receiver is young for a quarter of an hour after its first fix",
          "[driver][receiver-watch]") {
  auto watch = connected();
  CHECK(watch.is_young(at(24h)));
  watch.on_fix(fix(noon()), at(10s));
  watch.on_fix(fix(noon(1s)), at(11s));
  CHECK(watch.is_young(at(10s + 15min)));
  CHECK_FALSE(watch.is_young(at(10s + 15min + 1ns)));
  SECTION("another device is young again") {
    watch.on_fix(fix(std::nullopt, 1, 0, second_device), at(10s + 20min));
    CHECK(watch.is_young(at(10s + 20min)));
  }
  SECTION("the same device after a restart of gpsd is not") {
    watch.on_gpsd_lost();
    watch.on_fix(fix(std::nullopt, 1), at(10s + 20min));
    CHECK_FALSE(watch.is_young(at(10s + 20min)));
  }
}

TEST_CASE("a device that gets its name late keeps its age", "[driver][receiver-watch]") {
  auto watch = connected();
  watch.on_fix(fix(noon(), 3, 0, ""), at(10s));
  CHECK(watch.on_fix(fix(noon(20min)), at(10s + 20min)));
  CHECK(watch.device() == first_device);
  CHECK_FALSE(watch.is_young(at(10s + 20min)));
}

TEST_CASE("a device that takes over has no reports yet", "[driver][receiver-watch]") {
  auto watch = well();
  REQUIRE(watch.on_time(toff(noon(), second_device), at(13s + 200ms), at(13s + 200ms)));
  CHECK(watch.reason_against(at(13s + 200ms), 1h) == Reason::no_fix_report);
}

TEST_CASE("three intervals of more than two and a half seconds are too slow",
          "[driver][receiver-watch]") {
  constexpr auto longest = 2500ms;
  constexpr auto longer = longest + 1ns;
  CHECK_FALSE(Fixes{}.add(longer, longer, 2).are_too_slow());
  CHECK(Fixes{}.add(longer, longer, 3).are_too_slow());
  CHECK(Fixes{}.add(longer, longer, 9).are_too_slow());
  SECTION("both the times and the reports must be so far apart") {
    CHECK_FALSE(Fixes{}.add(longest, longer, 9).are_too_slow());
    CHECK_FALSE(Fixes{}.add(longer, longest, 9).are_too_slow());
  }
  SECTION("until a shorter one comes, and then three again") {
    const auto shorter = GENERATE(as<nanoseconds>{}, 1ns, 1s, 2500ms);
    auto fixes = Fixes{}.add(3s, 3s, 3).add(shorter);
    CHECK_FALSE(fixes.are_too_slow());
    CHECK_FALSE(fixes.add(3s, 3s, 2).are_too_slow());
    CHECK(fixes.add(3s).are_too_slow());
  }
  SECTION("a time that is repeated, or goes back, counts neither way") {
    const auto back = GENERATE(as<nanoseconds>{}, 0ns, -1ns);
    Fixes fixes;
    for (int i = 0; i < 3; ++i) fixes.add(3s).add(back, 100ms);
    CHECK(fixes.are_too_slow());
  }
  SECTION("an interval of more than half a minute begins anew") {
    CHECK(Fixes{}.add(3s, 3s, 2).add(30s).are_too_slow());
    auto fixes = Fixes{}.add(3s, 3s, 2).add(30s + 1ns);
    CHECK_FALSE(fixes.are_too_slow());
    CHECK_FALSE(fixes.add(3s, 3s, 2).are_too_slow());
    CHECK(fixes.add(3s).are_too_slow());
  }
  SECTION("for half a minute after the last fix") {
    const auto fixes = Fixes{}.add(3s, 3s, 3);
    CHECK(fixes.are_too_slow(30s));
    CHECK_FALSE(fixes.are_too_slow(30s + 1ns));
  }
}

TEST_CASE("a receiver's cycle is the interval of its times, from 50 ms to a second",
          "[driver][receiver-watch]") {
  CHECK(Fixes{}.cycle() == 1s);
  CHECK(Fixes{}.add(50ms).cycle() == 50ms);
  CHECK(Fixes{}.add(50ms - 1ns).cycle() == 1s);
  CHECK(Fixes{}.add(999ms).cycle() == 999ms);
  CHECK(Fixes{}.add(2s).cycle() == 1s);
  SECTION("it is a second after half a minute without a fix") {
    CHECK(Fixes{}.add(200ms).add(200ms, 30s).cycle() == 200ms);
    CHECK(Fixes{}.add(200ms).add(200ms, 30s + 1ns).cycle() == 1s);
  }
  SECTION("it is a second after a restart of gpsd") {
    auto watch = connected();
    watch.on_fix(fix(noon()), at(10s));
    watch.on_fix(fix(noon(200ms)), at(10s + 200ms));
    REQUIRE(cycle_of(watch, 10s + 300ms) == 200ms);
    watch.on_gpsd_lost();
    CHECK(cycle_of(watch, 10s + 300ms) == 1s);
  }
  SECTION("it does not begin before a simulated fix") {
    auto watch = connected();
    watch.on_fix(fix(noon()), at(10s));
    watch.on_fix(fix(noon(100ms), 3, 8), at(10s + 100ms));
    watch.on_fix(fix(noon(200ms)), at(10s + 200ms));
    CHECK(cycle_of(watch, 10s + 300ms) == 1s);
  }
}

TEST_CASE("the mode of the fix that the status shows", "[driver][receiver-watch]") {
  auto watch = connected();
  SECTION("2D and 3D") {
    const auto mode = GENERATE(2, 3);
    watch.on_fix(fix(noon(), mode), at(10s));
    CHECK(watch.fix_mode() == mode);
  }
  SECTION("2D at least, where the sentences have a fix and gpsd has not") {
    watch.on_fix(fix(noon(-1s)), at(9s));
    watch.on_sentence({SentenceReport::Fix::valid, 12h}, at(10s));
    watch.on_fix(fix(noon(), 1), at(10s + 100ms));
    CHECK(watch.fix_mode() == 2);
  }
  SECTION("none, at once, after a simulated fix") {
    watch.on_fix(fix(noon()), at(10s));
    watch.on_fix(fix(noon(), 3, 8), at(10s + 100ms));
    watch.on_fix(fix(std::nullopt, 1), at(10s + 200ms));
    CHECK(watch.fix_mode() == 1);
  }
}

TEST_CASE("without a TOFF, a TPV more than a second behind an earlier TOFF is stuck",
          "[driver][receiver-watch]") {
  auto watch = connected();
  // The reason when no TOFF came for longer than the patience, and TPV has noon.
  const auto reason = [&watch] {
    watch.on_fix(fix(noon()), at(13s));
    return watch.reason_against(at(13s), patience);
  };
  SECTION("by a second, and by more") {
    const auto ahead = GENERATE(as<nanoseconds>{}, 0ns, 500ms, 1s, 1s + 1ns, 2s);
    watch.on_time(toff(noon(ahead)), at(10s), at(10s));
    CHECK(reason() == (ahead > 1s ? Reason::stuck_time : Reason::no_second));
  }
  SECTION("the latest TOFF counts, not the last one") {
    watch.on_time(toff(noon(5s)), at(10s), at(10s));
    watch.on_time(toff(noon()), at(10s + 500ms), at(10s + 500ms));
    CHECK(reason() == Reason::stuck_time);
  }
  SECTION("also where it is later by a nanosecond") {
    watch.on_time(toff(noon(1s)), at(10s), at(10s));
    watch.on_time(toff(noon(1s + 1ns)), at(10s + 500ms), at(10s + 500ms));
    CHECK(reason() == Reason::stuck_time);
  }
  SECTION("a TOFF before a restart of gpsd does not count") {
    watch.on_time(toff(noon(5s)), at(10s), at(10s));
    watch.on_gpsd_lost();
    watch.on_gpsd_line();
    CHECK(reason() == Reason::no_second);
  }
}
