// Which pulses do not belong to the line, and when the minimum lateness changed.

#include "driver/core/lateness.h"

#include <cmath>
#include <random>

#include "tests/support/catch.h"
#include "tests/support/steady_pulses.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("after four early pulses in a row the minimum has fallen", "[driver][lateness]") {
  auto pulses = punctual(30);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(0ns) == 10us);
}

TEST_CASE("three early pulses prove nothing, though they come again", "[driver][lateness]") {
  auto pulses = punctual(30);
  for (int i = 0; i < 5; ++i) {
    CHECK(pulses.next(3, -10us) == -10us);
    CHECK(pulses.next(0ns) == 0ns);
  }
}

TEST_CASE("a microsecond early is noise, a nanosecond more is not", "[driver][lateness]") {
  auto pulses = punctual(30);
  CHECK(pulses.next(3, -1001ns) == -1001ns);  // none of them draws the line down
  CHECK(pulses.next(-1001ns) == 0ns);
  CHECK(pulses.next(0ns) == 1001ns);
  CHECK(punctual(30).next(3, -1000ns) > -1000ns);
}

TEST_CASE("early pulses that do not agree within four times the noise end the line",
          "[driver][lateness]") {
  for (const auto spread : {4000ns, 4001ns}) {
    auto pulses = punctual(30);
    for (const auto late : {-12us - 0ns, -10us - spread, -10us - 0ns})
      CHECK(pulses.next(late) == late);
    CHECK(pulses.next(-10us - spread) == 0ns);
    CAPTURE(spread.count());
    CHECK(pulses.next(0ns) == (spread == 4000ns ? 14us : 0us));
    pulses.next(90, 0ns);
    CHECK(pulses.next(5us) == 5us);  // the other has one again
  }
}

TEST_CASE("a minimum is followed from 24 pulses on", "[driver][lateness]") {
  auto pulses = punctual(24);
  CHECK(pulses.next(3, -10us) == -10us);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(0ns) == 10us);
  CHECK(punctual(23).next(-10us) == 0ns);  // it is as good as any
}

TEST_CASE("after 83 late pulses in a row the minimum has risen", "[driver][lateness]") {
  auto pulses = punctual(48);
  for (int i = 0; i < 82; ++i) CHECK(pulses.next(20us) == 20us);
  auto other = pulses;
  CHECK(other.next(0ns) == 0ns);
  CHECK(pulses.next(20us) == 0ns);
  for (int i = 0; i < 40; ++i) CHECK(pulses.next(20us) == 0ns);
  CHECK(pulses.next(30us) == 10us);
}

TEST_CASE("late pulses that were not enough are forgotten", "[driver][lateness]") {
  auto pulses = punctual(48);
  CHECK(pulses.next(82, 20us) == 20us);
  CHECK(pulses.next(0ns) == 0ns);
  CHECK(pulses.next(82, 20us) == 20us);
}

TEST_CASE("a microsecond late is noise, a nanosecond more may be a minimum that rose",
          "[driver][lateness]") {
  auto pulses = punctual(48);
  CHECK(pulses.next(82, 1001ns) == 1001ns);
  CHECK(pulses.next(1001ns) == 0ns);
  CHECK(punctual(48).next(60, 1000ns) < 1000ns);  // the line bends
}

TEST_CASE("late pulses that climb by more than a third are due to the clock, and are followed",
          "[driver][lateness]") {
  // Three, then twenty and twenty more: the minima of the two blocks are compared.
  for (const auto climbed : {4000ns, 4001ns}) {
    auto pulses = punctual(48);
    pulses.next(3, 12us);
    pulses.next(19, 13us);
    pulses.next(12us);
    for (int i = 0; i < 19; ++i) pulses.next(12us + climbed);
    auto last = pulses.next(12us + climbed);
    CAPTURE(climbed.count());
    CHECK((last == 12us + climbed) == (climbed == 4000ns));
    // Those that were held are on the line then.
    if (climbed == 4001ns) CHECK(std::chrono::abs(pulses.next(12us + climbed)) < 100ns);
  }
}

TEST_CASE("while the minimum seems raised the line goes on by its usual slope",
          "[driver][lateness]") {
  // A ramp of 100 ns a second, for as long as the shortest line takes to follow and no longer.
  std::mt19937 random{3};
  std::exponential_distribution<> late{1e-3};
  Pulses pulses{LatenessMode::line};
  for (int n = 0; n < 300; ++n) pulses.next(nanoseconds{std::llround(late(random))});
  nanoseconds first{};
  for (int n = 0; n < 60; ++n) {
    const auto corrected = pulses.next(50us);
    if (n == 4) first = corrected;
    // Less than 15 ns a second are in the slope of 48 pulses with a microsecond of noise.
    CHECK(std::chrono::abs(corrected - 50us) < 1us);
    if (n > 4) CHECK(std::chrono::abs(corrected - first) <= (n - 4) * 15ns);
  }
}

TEST_CASE("whether late pulses climb shows in blocks of twenty, not in the first of them",
          "[driver][lateness]") {
  auto pulses = punctual(48);
  pulses.next(23, 12us);
  for (int i = 0; i < 10; ++i) CHECK(pulses.next(60us) == 60us);
  CHECK(pulses.next(10, 12us) == 12us);
  CHECK(pulses.next(12us) == 12us);
}

TEST_CASE("a pulse that is late by less than three times the median belongs to the line",
          "[driver][lateness]") {
  // The median of the last 48 is a microsecond above the line.
  for (const auto late : {2900ns, 3100ns}) {
    Pulses pulses{LatenessMode::line};
    for (int n = 0; n < 96; ++n) pulses.next(n % 2 == 0 ? 0ns : 1us);
    nanoseconds last{};
    for (int n = 0; n < 60; ++n) last = pulses.next(late);
    CAPTURE(late.count());
    CHECK((last == late) == (late == 3100ns));
  }
}

TEST_CASE("with the fourth late pulse the three before it are taken back, and no other",
          "[driver][lateness]") {
  MinimumLateness minimum;
  for (int i = 0; i < 3; ++i)
    CHECK(minimum.classify({}, 20'000, 0) == MinimumLateness::Change::on_line);
  CHECK(minimum.classify({}, 20'000, 0) == MinimumLateness::Change::held);
  CHECK(minimum.to_take_back() == 3);
  CHECK(minimum.classify({}, 20'000, 0) == MinimumLateness::Change::held);
  CHECK(minimum.to_take_back() == 0);
}

TEST_CASE("a minimum that fell is where the earliest pulse is, be it the first of them",
          "[driver][lateness]") {
  MinimumLateness minimum;
  CHECK(minimum.classify({}, -12'000, 0) == MinimumLateness::Change::early);
  for (int i = 0; i < 2; ++i)
    CHECK(minimum.classify({}, -11'000, 0) == MinimumLateness::Change::early);
  CHECK(minimum.classify({}, -11'000, 0) == MinimumLateness::Change::shifted);
  CHECK(minimum.step() == -12us);
}
