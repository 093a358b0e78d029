// The judge of lateness to the nanosecond: how many pulses it takes, and how far is far.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "driver/core/lateness.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

/// A pulse a second, each so late, on a crystal that is 20 ppm fast.
class Pulses {
 public:
  explicit Pulses(LatenessMode mode) : judge(mode) {}

  /// The correction of the next one.
  nanoseconds next(nanoseconds late) {
    const seconds second{1'795'341'600 + n_};
    const nanoseconds raw = 1000s + seconds{n_} + n_ * 20us + late;
    ++n_;
    return judge.judge({SystemTime{second + late}, UtcSecond{second}, -late, 0ns}, RawTime{raw});
  }

  nanoseconds next(int count, nanoseconds late) {
    nanoseconds last{};
    for (int i = 0; i < count; ++i) last = next(late);
    return last;
  }

  void pass(int seconds) { n_ += seconds; }

  Lateness judge;

 private:
  int n_ = 0;
};

/// That many pulses, none of them late.
Pulses punctual(int count, LatenessMode mode = LatenessMode::line) {
  Pulses pulses{mode};
  CHECK(pulses.next(count, 0ns) == 0ns);
  return pulses;
}

}  // namespace

TEST_CASE("the third pulse is the first that is corrected", "[driver][lateness]") {
  Pulses pulses{LatenessMode::line};
  CHECK(pulses.next(0ns) == 0ns);
  pulses.pass(1);
  CHECK(pulses.next(0ns) == 0ns);
  CHECK(pulses.next(7us) == 7us);
}

namespace {

/// Of all lines through two of the points those with the least loss: one of these is the best of
/// all, and there may be several. Where they are at the last point.
std::pair<double, double> ends_of_best_lines(const std::vector<double>& points) {
  std::vector<std::pair<double, double>> lines;  // loss and end
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double slope = (points[i] - points[j]) / static_cast<double>(i - j);
      const auto at = [&](std::size_t k) {
        return points[j] + slope * (static_cast<double>(k) - static_cast<double>(j));
      };
      double loss = 0;
      for (std::size_t k = 0; k < points.size(); ++k)
        loss += points[k] > at(k) ? 0.1 * (points[k] - at(k)) : 0.9 * (at(k) - points[k]);
      lines.emplace_back(loss, at(points.size() - 1));
    }
  const auto least = std::min_element(lines.begin(), lines.end())->first;
  std::pair ends{std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()};
  for (const auto& [loss, end] : lines)
    if (loss < least + 1e-6) ends = {std::min(ends.first, end), std::max(ends.second, end)};
  return ends;
}

}  // namespace

TEST_CASE("the line lies under the pulses as no other line does, a tenth of them below it",
          "[driver][lateness]") {
  std::mt19937 random{5};
  for (int round = 0; round < 20; ++round) {
    Pulses pulses{LatenessMode::line};
    std::vector<double> late;
    while (late.size() < 24) {
      late.push_back(static_cast<double>(random() % 100'000));
      const auto corrected = pulses.next(nanoseconds{static_cast<std::int64_t>(late.back())});
      if (late.size() < 3) continue;
      const auto [lowest, highest] = ends_of_best_lines(late);
      const auto line = late.back() - static_cast<double>(corrected.count());
      CAPTURE(late.size());
      CHECK(line >= lowest - 1);
      CHECK(line <= highest + 1);
    }
  }
}

TEST_CASE("half a millisecond off the line is late, a nanosecond more is none of the line's",
          "[driver][lateness]") {
  for (const auto most : {Lateness::most, -Lateness::most}) {
    const auto beyond = most > 0ns ? most + 1ns : most - 1ns;
    CHECK(punctual(30).next(most) == most);
    CHECK(punctual(30).next(beyond) == 0ns);
  }
}

TEST_CASE("the third in a row that is nowhere near the line begins another", "[driver][lateness]") {
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

TEST_CASE("a pulse is looked at for 96 seconds", "[driver][lateness]") {
  for (const int age : {96, 97}) {
    Pulses pulses{LatenessMode::line};
    for (const int gap : {50, 44, age - 94}) {
      pulses.next(0ns);
      pulses.pass(gap - 1);
    }
    CAPTURE(age);  // without the oldest there are too few
    CHECK(pulses.next(5us) == (age == 96 ? 5us : 0us));
  }
}

TEST_CASE("four early ones in a row, and the floor fell", "[driver][lateness]") {
  auto pulses = punctual(30);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == -10us);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(0ns) == 10us);
}

TEST_CASE("three early ones tell nothing, though they come again", "[driver][lateness]") {
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

TEST_CASE("early ones that do not agree within four times the noise end the line",
          "[driver][lateness]") {
  for (const auto spread : {4000ns, 4001ns}) {
    auto pulses = punctual(30);
    for (const auto late : {-12us - 0ns, -10us - spread, -10us - 0ns})
      CHECK(pulses.next(late) == late);
    CHECK(pulses.next(-10us - spread) == 0ns);
    CAPTURE(spread.count());
    CHECK(pulses.next(0ns) == (spread == 4000ns ? 14us : 0us));
    pulses.next(30, 0ns);
    CHECK(pulses.next(5us) == 5us);  // the other has one again
  }
}

TEST_CASE("a floor is followed from 24 pulses on", "[driver][lateness]") {
  auto pulses = punctual(24);
  CHECK(pulses.next(3, -10us) == -10us);
  CHECK(pulses.next(-10us) == 0ns);
  CHECK(pulses.next(0ns) == 10us);
  CHECK(punctual(23).next(4, -10us) == -10us);
}

TEST_CASE("sixteen late ones in a row, and the floor rose", "[driver][lateness]") {
  auto pulses = punctual(48);
  for (int i = 0; i < 15; ++i) CHECK(pulses.next(20us) == 20us);
  auto other = pulses;
  CHECK(other.next(0ns) == 0ns);
  CHECK(pulses.next(20us) == 0ns);
  for (int i = 0; i < 40; ++i) CHECK(pulses.next(20us) == 0ns);
  CHECK(pulses.next(30us) == 10us);
}

TEST_CASE("a microsecond late is noise, a nanosecond more may be a floor that rose",
          "[driver][lateness]") {
  auto pulses = punctual(48);
  CHECK(pulses.next(15, 1001ns) == 1001ns);
  CHECK(pulses.next(1001ns) == 0ns);
  CHECK(punctual(48).next(15, 1000ns) < 1000ns);  // the line bends
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

/// Two dozen pulses, a quarter of them on the floor; the others are as late as `middle` about half
/// of the time, and at most twice as late as that and `high`.
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
    CHECK(pulses.judge.share() == 0);
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
  const auto share = pulses.judge.share();
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
  CHECK(pulses.judge.share() == Approx(1));
  for (; n < 2400 + 72; ++n) pulses.next(even.at(n));
  // What is left of the one after 240 more is as good as the others' mean over 256.
  const auto before = pulses.judge.share();
  CHECK(before > 0.5);
  for (; n < 2400 + 72 + 240; ++n) pulses.next(even.at(n));
  CHECK(pulses.judge.share() / before == Approx(std::pow(255.0 / 256, 240)).epsilon(1e-3));
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
                  220, 260, 300, 350, 400, 450, 500, 540, 580, 600, 620, 700})}) {
    Pulses pulses{LatenessMode::automatic};
    int n = 0;
    for (; n < 23; ++n) pulses.next(shape.at(n));
    CHECK(pulses.judge.share() == 0);
    pulses.next(shape.at(n++));
    CHECK(pulses.judge.share() == Approx(shape.share(24, 24)));
    for (; n < 3000; ++n) pulses.next(shape.at(n));
    for (int i = 0; i < 24; ++i) {
      CHECK(pulses.judge.share() == Approx(shape.share(n)).margin(1e-3));
      pulses.next(shape.at(n++));
    }
  }
}

namespace {

/// The line of docs/accuracy.md for pulses whose floor does not move: one of 48, which one of 24
/// takes the place of as far as the two have kept apart over some sixteen pulses, by more than
/// three to five tenths of the median pulse's lateness.
class Bending {
 public:
  /// How late the next pulse is by that line.
  double next(double late) {
    for (auto& point : points_) --point.x;
    points_.push_back({0, late});
    if (points_.size() > 48) points_.erase(points_.begin());
    if (points_.size() < 3) return 0;
    auto line = quantile_line(points_, 0.1, {});
    if (points_.size() > 24) {
      const auto shorter = quantile_line(std::span{points_}.last(24), 0.1, {});
      mean_ += (shorter.level - line.level - mean_) / 16;
      const auto share = std::clamp((std::abs(mean_) / median_ - 0.3) / 0.2, 0.0, 1.0);
      line.level += share * (shorter.level - line.level);
      line.slope += share * (shorter.slope - line.slope);
      partly_ += share > 0 && share < 1 ? 1 : 0;
    }
    std::vector<double> above;
    for (const auto& point : points_) above.push_back(point.y - line.at(point.x));
    std::sort(above.begin(), above.end());
    median_ = above[(above.size() - 1) / 2];
    return late - line.level;
  }

  [[nodiscard]] int partly() const { return partly_; }

 private:
  std::vector<Point> points_;
  double mean_ = 0;
  double median_ = 0;
  int partly_ = 0;
};

}  // namespace

TEST_CASE("a line of half as many pulses takes over when the clock's frequency moves",
          "[driver][lateness]") {
  std::mt19937 random{11};
  // Never so late that the floor might have risen.
  std::uniform_real_distribution<> lateness{0, 4000};
  Pulses pulses{LatenessMode::line};
  Bending bending;
  double phase = 0;
  for (int n = 0; n < 1000; ++n) {
    // By 0.2 ppm one way, then the other.
    phase += n < 100 ? 0 : n % 400 < 200 ? n % 200 : 200 - n % 200;
    const auto late = std::round(phase + lateness(random));
    const auto corrected = pulses.next(nanoseconds{static_cast<std::int64_t>(late)});
    const auto expected = bending.next(late);
    if (n < 3) continue;
    CAPTURE(n);
    REQUIRE(std::abs(static_cast<double>(corrected.count()) - expected) <= 1);
  }
  CHECK(bending.partly() > 30);
}
