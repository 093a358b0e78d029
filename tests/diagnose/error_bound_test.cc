#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "diagnose/view.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::diagnose;

namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double day = 86'400;
constexpr double noise_of_pulses = 1e-6;

// A crystal like those of a Raspberry Pi: not compensated, and as warm as its room and its
// processor make it. Frequencies in parts of one.
class Crystal {
 public:
  explicit Crystal(std::mt19937_64& random) : random_(random) {
    per_degree_ = uniform(-0.3e-6, 0.3e-6);
    day_swing_ = uniform(0, 5);
    day_phase_ = uniform(0, 2 * pi);
    heater_swing_ = uniform(0, 1.5);
    heater_period_ = uniform(1200, 5400);
    load_ = uniform(0, 6);
    thermal_time_ = uniform(60, 400);
    ageing_ = uniform(-1e-8, 1e-8) / day;
  }

  /// Its frequency, a second later than at the last call.
  double frequency() {
    const double t = seconds_++;
    // The processor is busy now and then, the box warms up and cools down after it.
    if (uniform(0, 1) < 1.0 / 1800) busy_ = !busy_;
    warmth_ += ((busy_ ? load_ : 0) - warmth_) / thermal_time_;
    walk_ += gauss_(random_) * 3e-10;
    const double degrees = day_swing_ * std::sin(2 * pi * t / day + day_phase_) +
                           heater_swing_ * std::sin(2 * pi * t / heater_period_) + warmth_;
    return per_degree_ * degrees + ageing_ * t + walk_;
  }

 private:
  double uniform(double from, double to) {
    return std::uniform_real_distribution<double>{from, to}(random_);
  }

  std::mt19937_64& random_;
  std::normal_distribution<double> gauss_;
  double per_degree_, day_swing_, day_phase_, heater_swing_, heater_period_, load_, thermal_time_,
      ageing_;
  double seconds_ = 0, warmth_ = 0, walk_ = 0;
  bool busy_ = false;
};

struct Line {
  double offset = 0, frequency = 0;  // at the last point
  double offset_error = 0;           // standard error
  double frequency_error = 0;        // chronyd's skew
  bool fits = false;                 // the points lie about it at random
};

/// The 0.9995 quantile of Student's t, which chronyd's skew is made with.
double student(std::size_t degrees) {
  constexpr std::array few{636.6, 31.6, 12.92, 8.61, 6.87, 5.96, 5.41, 5.04, 4.78, 4.59};
  return degrees <= few.size() ? few[degrees - 1] : 3.46;
}

/// A straight line by least squares through the last `n` points, `spacing` apart.
Line line_through(const std::vector<double>& points, std::size_t n, double spacing) {
  const auto begin = points.size() - n;
  const auto x = [&](std::size_t i) {
    return spacing * (static_cast<double>(i) - static_cast<double>(n - 1) / 2);
  };
  const auto count = static_cast<double>(n);
  double mean = 0, xx = 0, xy = 0, rest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    mean += points[begin + i] / count;
    xx += x(i) * x(i);
    xy += x(i) * points[begin + i];
  }
  Line line{mean + xy / xx * x(n - 1), xy / xx, 0, 0, false};
  double runs = 1, last = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto residual = points[begin + i] - mean - line.frequency * x(i);
    rest += residual * residual;
    if (residual * last < 0) ++runs;
    last = residual;
  }
  const auto variance = rest / (count - 2);
  line.frequency_error = std::sqrt(variance / xx) * student(n - 2);
  line.offset_error = std::sqrt(variance / count + variance * x(n - 1) * x(n - 1) / xx);
  // Fewer changes of sign than 95 of 100 random series have.
  line.fits = runs > count / 2 - 1.64 * std::sqrt(count) / 2;
  return line;
}

/// As chronyd does it (regress.c): the oldest points go for as long as the line does not fit.
Line fit(const std::vector<double>& points, double spacing) {
  auto n = points.size();
  auto line = line_through(points, n, spacing);
  while (!line.fits && n > 4) line = line_through(points, --n, spacing);
  return line;
}

std::int64_t in_ns(double value) {
  return std::llround(value * 1e9);
}

struct Outage {
  double closest = 0;        // the error as a part of the bound, at its largest
  double error_of_hour = 0;  // s
};

/// A clock that was steered by a filtered pulse each 8 s, 64 of them, and then by nothing.
Outage live(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  Crystal crystal{random};
  std::normal_distribution<double> noise{0, noise_of_pulses};
  const auto start = 8 * std::uniform_int_distribution<int>{75, 1000}(random);
  const auto length = std::uniform_int_distribution<int>{600, 86'400}(random);
  double error = 0;
  std::vector<double> seen;
  for (int t = 0; t < start; ++t) {
    error += crystal.frequency();
    if (t >= start - 64 * 8 && t % 8 == 7) seen.push_back(error + noise(random));
  }
  const auto line = fit(seen, 8);
  error -= line.offset;
  chronyc::Tracking tracking;
  tracking.rms_offset = nanoseconds{in_ns(noise_of_pulses)};
  tracking.skew = in_ns(line.frequency_error);
  Outage outage;
  for (int t = 1; t <= length; ++t) {
    error += crystal.frequency() - line.frequency;
    // chronyd lets it grow by skew and maxclockerror, whose default is 1 ppm.
    tracking.root_dispersion =
        nanoseconds{in_ns(line.offset_error) + 1000 + (1000 + tracking.skew) * t};
    const auto bound = holdover_bound(tracking, seconds{t});
    outage.closest =
        std::max(outage.closest, std::abs(error) * 1e9 / static_cast<double>(bound.count()));
    if (t == 3600) outage.error_of_hour = std::abs(error);
  }
  return outage;
}

}  // namespace

TEST_CASE("no clock is ever farther off than its bound, over 120 outages of up to a day") {
  double closest = 0, worst_hour = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    CAPTURE(seed);
    const auto outage = live(seed);
    REQUIRE(outage.closest < 1);
    closest = std::max(closest, outage.closest);
    worst_hour = std::max(worst_hour, outage.error_of_hour);
  }
  // It is a bound and no fantasy: some clock comes near it.
  CHECK(closest > 0.2);
  CHECK(worst_hour > 1e-3);
}

TEST_CASE("the bound begins with chronyd's own and never falls") {
  chronyc::Tracking tracking;
  tracking.root_delay = 2us;
  tracking.root_dispersion = 3us;
  tracking.correction = -5us;
  CHECK(followed_bound(tracking) == 9us);
  CHECK(holdover_bound(tracking, 0s) == 9us);
  CHECK(holdover_bound(tracking, -5s) == 9us);
  auto last = 0ns;
  for (std::int64_t t = 0; t < 200'000; t += 7) {
    const auto bound = oscillator_bound(30, seconds{t});
    CHECK(bound >= last);
    last = bound;
  }
}

TEST_CASE("no outage and no skew are too long for the bound") {
  const auto eternity =
      oscillator_bound(std::numeric_limits<std::int64_t>::max(), nanoseconds::max());
  CHECK(eternity > 100s);
  CHECK(oscillator_bound(-1, 10s) == oscillator_bound(0, 10s));
}

TEST_CASE("an hour may cost twenty milliseconds, a day half a second") {
  CHECK(oscillator_bound(20, 1min) < 50us);
  CHECK(oscillator_bound(20, 1h) < 20ms);
  CHECK(oscillator_bound(20, 24h) < 500ms);
}
