// The limits of the lateness estimate, to the nanosecond and to the pulse.

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "driver/core/lateness.h"
#include "tests/support/catch.h"
#include "tests/support/steady_pulses.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;

TEST_CASE("the third pulse is the first that is corrected", "[driver][lateness]") {
  Pulses pulses{LatenessMode::line};
  CHECK(pulses.next(0ns) == 0ns);
  pulses.pass(1);
  CHECK(pulses.next(0ns) == 0ns);
  CHECK(pulses.next(7us) == 7us);
}

TEST_CASE("half a millisecond off the line is late, a nanosecond more is an outlier",
          "[driver][lateness]") {
  for (const auto most : {Lateness::most, -Lateness::most}) {
    const auto beyond = most > 0ns ? most + 1ns : most - 1ns;
    CHECK(punctual(30).next(most) == most);
    CHECK(punctual(30).next(beyond) == 0ns);
  }
}

TEST_CASE("the third outlier in a row begins another line", "[driver][lateness]") {
  auto pulses = punctual(30);
  CHECK(pulses.next(2, 1ms) == 0ns);
  CHECK(pulses.next(5us) == 5us);
  for (const auto elsewhere : {1ms, 2ms, 3ms}) {  // so has a line that has just begun
    CHECK(pulses.next(2, elsewhere) == 0ns);      // those before are forgotten
    CHECK(pulses.next(elsewhere) == 0ns);
    pulses.pass(1);
    CHECK(pulses.next(elsewhere) == 0ns);
    CHECK(pulses.next(elsewhere + 7us) == 7us);
  }
  CHECK(pulses.next(5ms) == 0ns);
  CHECK(std::abs(pulses.next(3ms).count()) < 20'000);
}

TEST_CASE("a pulse that comes again begins the line anew", "[driver][lateness]") {
  auto pulses = punctual(30);
  pulses.pass(-1);
  CHECK(pulses.next(5us) == 0ns);
  CHECK(pulses.next(5us) == 0ns);
}

TEST_CASE("clip cuts what is later than the median pulse, and than a fifth of a microsecond",
          "[driver][lateness]") {
  CHECK(punctual(30, LatenessMode::clip).next(200ns) == 0ns);
  CHECK(punctual(30, LatenessMode::clip).next(201ns) == 1ns);
  CHECK(punctual(30, LatenessMode::clip).next(3us) == 2800ns);
  CHECK(punctual(30, LatenessMode::clip).next(-500ns) == 0ns);
}

TEST_CASE("auto cuts what is far out alone, where lateness has no shape", "[driver][lateness]") {
  CHECK(punctual(30, LatenessMode::automatic).next(5000ns) == 0ns);
  CHECK(punctual(30, LatenessMode::automatic).next(5001ns) == 1ns);
  CHECK(punctual(30, LatenessMode::automatic).next(9us) == 4us);
}

namespace {

/// Two dozen pulses, most often a quarter of them at the minimum; the others are as late as
/// `middle` about half of the time, and at most twice as late as that and `high`.
struct Shape {
  std::array<int, 24> late;  // ns

  nanoseconds at(int n) const { return nanoseconds{late[static_cast<std::size_t>(n) % 24]}; }

  /// Their share, as docs/accuracy.md has it, after `n` pulses and with so many that it looks at.
  [[nodiscard]] double share(int n, int looked_at = 48) const {
    std::vector<int> residuals;
    std::vector<int> changes;
    for (int i = n - looked_at; i < n; ++i) {
      residuals.push_back(late[static_cast<std::size_t>(i) % 24]);
      if (i > n - looked_at) changes.push_back(std::abs(residuals.back() - *(residuals.end() - 2)));
    }
    const auto quantile = [](std::vector<int>& values, std::size_t tenths) {
      std::sort(values.begin(), values.end());
      return static_cast<double>(values[(values.size() - 1) * tenths / 10]);
    };
    const double low = quantile(residuals, 1);
    const double middle = quantile(residuals, 5);
    const double high = quantile(residuals, 9);
    const double skew = (high + low - 2 * middle) / (high - low);
    return std::clamp((skew - 0.15) / 0.15, 0.0, 1.0) *
           std::clamp((quantile(changes, 5) - 100) / 200, 0.0, 1.0);
  }
};

/// `late[i]` in an order in which neighbours differ.
Shape shuffled(const std::array<int, 24>& late) {
  Shape shape{};
  for (std::size_t i = 0; i < 24; ++i) shape.late[i] = late[i * 7 % 24];
  return shape;
}

}  // namespace

TEST_CASE("clip leaves alone what is no later than the median pulse", "[driver][lateness]") {
  const Shape shape =
      shuffled({0,    0,    0,    0,    0,    0,    200,  400,  600,  800,  900,  1000,
                1000, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 1900, 2000, 2000, 2000});
  for (const auto mode : {LatenessMode::clip, LatenessMode::automatic}) {
    Pulses pulses{mode};
    for (int n = 0; n < 480; ++n) CHECK(pulses.next(shape.at(n)) <= 1us);
    CHECK(pulses.lateness.share() == 0);
    // Where lateness is symmetric, auto leaves alone what is six times as late.
    const auto usual = mode == LatenessMode::clip ? 1000ns : 6000ns;
    auto other = pulses;
    CHECK(other.next(usual) == 0ns);
    CHECK(pulses.next(usual + 1ns) == 1ns);
  }
}

TEST_CASE("auto is between the line and what is far out, by its share", "[driver][lateness]") {
  const Shape shape = shuffled({0,   0,   0,   0,   0,   0,   50,  100, 150, 200,  250,  400,
                                410, 420, 450, 500, 550, 600, 650, 700, 800, 1000, 1000, 2000});
  Pulses pulses{LatenessMode::automatic};
  for (int n = 0; n < 2400; ++n) pulses.next(shape.at(n));
  const auto corrected = static_cast<double>(pulses.next(9us).count());
  const auto share = pulses.lateness.share();
  CHECK(share > 0.2);
  CHECK(share < 0.8);
  CHECK(std::abs(corrected - (share * 9000 + (1 - share) * 4000)) <= 1);
}

TEST_CASE("the shape of lateness is that of the last minutes", "[driver][lateness]") {
  const Shape skewed = shuffled({0,   0,   0,   0,   0,   0,   50,   100,  150,  200,  250,  350,
                                 500, 700, 800, 850, 900, 950, 1000, 1000, 1000, 1000, 1000, 1000});
  const Shape even = shuffled({0,   0,   0,   0,   0,   0,   100,  200,  300,  350,  380,  425,
                               500, 700, 800, 850, 900, 950, 1000, 1000, 1000, 1000, 1000, 1000});
  Pulses pulses{LatenessMode::automatic};
  int n = 0;
  for (; n < 2400; ++n) pulses.next(skewed.at(n));
  CHECK(pulses.lateness.share() == Approx(1));
  for (; n < 2400 + 72; ++n) pulses.next(even.at(n));
  // What is left of the one after 240 more is as good as the others' mean over 256.
  const auto before = pulses.lateness.share();
  CHECK(before > 0.5);
  for (; n < 2400 + 72 + 240; ++n) pulses.next(even.at(n));
  CHECK(pulses.lateness.share() / before == Approx(std::pow(255.0 / 256, 240)).epsilon(1e-3));
}

TEST_CASE("auto is as much of the line as lateness is skewed and neighbours differ",
          "[driver][lateness]") {
  for (const auto& shape :
       {shuffled({0,   0,   0,   0,   0,   0,   50,  100, 150, 200, 250, 300,
                  350, 400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900}),
        shuffled({0,   0,   0,   0,    0,    0,    100,  200,  300,  400,  500,  600,
                  700, 800, 900, 1000, 1200, 1300, 1400, 1500, 1600, 1700, 1800, 2000}),
        shuffled({0,   0,   0,   0,   0,   0,    20,   40,   80,   120,  240,  600,
                  700, 720, 740, 760, 800, 1000, 1200, 1300, 1400, 1500, 1800, 4000}),
        shuffled({0,   0,   0,   0,   0,   0,   30,  60,  90,  120, 150, 180,
                  220, 260, 300, 350, 400, 450, 500, 540, 580, 600, 620, 700}),
        // Two of them hold the line, and even the earliest tenth is above it.
        shuffled({60,  80,  110, 150, 190, 240, 0, 290,  330,  360,  400,  450,
                  500, 550, 600, 650, 700, 760, 0, 1000, 1000, 1000, 1200, 1300})}) {
    Pulses pulses{LatenessMode::automatic};
    int n = 0;
    for (; n < 23; ++n) pulses.next(shape.at(n));
    CHECK(pulses.lateness.share() == 0);
    pulses.next(shape.at(n++));
    CHECK(pulses.lateness.share() == Approx(shape.share(24, 24)));
    for (; n < 3000; ++n) pulses.next(shape.at(n));
    for (int i = 0; i < 24; ++i) {
      CHECK(pulses.lateness.share() == Approx(shape.share(n)).margin(1e-3));
      pulses.next(shape.at(n++));
    }
  }
}

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
