#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "driver/core/envelope.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox::driver;

namespace {

constexpr double quantile = 0.1;
// Of 96 points within 100, each within 1e-4.
constexpr double allowed = 0.0096;

std::vector<Point> some_points(unsigned seed, std::size_t count) {
  std::mt19937 random{seed};
  std::exponential_distribution<> late{1.0 / 2000};
  std::vector<Point> points;
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = static_cast<double>(i) - static_cast<double>(count);
    points.push_back({x, 20'000 * x + late(random)});
  }
  return points;
}

/// What a quantile line minimises.
double loss(const std::vector<Point>& points, const Line& line, double share) {
  double sum = 0;
  for (const auto& point : points) {
    const double above = point.y - line.at(point.x);
    sum += above > 0 ? share * above : (share - 1) * above;
  }
  return sum;
}

/// The best of the lines through two points: one of them is the best of all.
double least_loss(const std::vector<Point>& points, double share) {
  double least = 1e300;
  for (const auto& a : points)
    for (const auto& b : points) {
      if (a.x == b.x) continue;
      const double slope = (b.y - a.y) / (b.x - a.x);
      least = std::min(least, loss(points, {a.y - slope * a.x, slope}, share));
    }
  return least;
}

}  // namespace

TEST_CASE("no line through two of the points is a better one", "[driver][quantile-line]") {
  for (unsigned seed = 0; seed < 100; ++seed) {
    const auto points = some_points(seed, 2 + seed % 95);
    const auto line = quantile_line(points, quantile, {});
    CHECK(loss(points, line, quantile) <= least_loss(points, quantile) + allowed);
  }
}

TEST_CASE("nor is there a better one for as many points as are taken", "[driver][quantile-line]") {
  for (unsigned seed = 0; seed < 5; ++seed) {
    const auto points = some_points(seed, most_points);
    const auto line = quantile_line(points, quantile, {});
    // Within 192 seconds each of 192 points is within 4e-4.
    CHECK(loss(points, line, quantile) <= least_loss(points, quantile) + 0.08);
  }
}

TEST_CASE("of points on a coarse grid, some at one second, the line is the best for any quantile",
          "[driver][quantile-line]") {
  for (int n = 0; n < ntsbox::seeds(300); ++n) {
    const unsigned seed = 7 * static_cast<unsigned>(n) % 300;  // all of them, in another order
    std::mt19937 random{seed};
    std::uniform_int_distribution<> second{0, seed % 2 == 0 ? 100 : 40};
    std::normal_distribution<> noise{0, seed % 3 == 0 ? 5.0 : 50.0};
    std::vector<Point> points{{-1, 100}};
    while (points.size() < 2 + seed % 95)
      points.push_back({static_cast<double>(second(random)), std::round(noise(random))});
    for (const double share : {0.1, 0.5, 0.8}) {
      const auto line = quantile_line(points, share, {});
      CHECK(loss(points, line, share) <= least_loss(points, share) + allowed);
    }
  }
}

TEST_CASE("where the search for the line begins does not matter", "[driver][quantile-line]") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto points = some_points(seed, 48);
    const auto line = quantile_line(points, quantile, {});
    const auto again = quantile_line(points, quantile, {-3e6, 19'990});
    CHECK(loss(points, line, quantile) == Approx(loss(points, again, quantile)));
  }
}

TEST_CASE("the search that begins at the best line ends there", "[driver][quantile-line]") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const auto points = some_points(seed, 2 + seed % 95);
    const auto line = quantile_line(points, 0.10001, {});  // and there is no other as good
    const auto again = quantile_line(points, 0.10001, line);
    CHECK(again.level == Approx(line.level));
    CHECK(again.slope == Approx(line.slope));
  }
}

TEST_CASE("points that are shifted, scaled or tilted shift, scale or tilt the line",
          "[driver][quantile-line]") {
  const auto points = some_points(7, 48);
  const auto line = quantile_line(points, quantile, {});
  auto changed = points;
  for (auto& point : changed) point = {point.x + 5, 3 * point.y + 1000 + 40 * point.x};
  const auto moved = quantile_line(changed, quantile, {});
  for (const double x : {-48.0, -1.0, 0.0})
    CHECK(moved.at(x + 5) == Approx(3 * line.at(x) + 1000 + 40 * x));
}

TEST_CASE("time backwards gives the line backwards", "[driver][quantile-line]") {
  const auto points = some_points(8, 48);
  const auto line = quantile_line(points, quantile, {});
  auto changed = points;
  for (auto& point : changed) point.x = -point.x;
  std::reverse(changed.begin(), changed.end());
  const auto mirrored = quantile_line(changed, quantile, {});
  CHECK(mirrored.level == Approx(line.level));
  CHECK(mirrored.slope == Approx(-line.slope));
}

TEST_CASE("points on one line give that line", "[driver][quantile-line]") {
  std::vector<Point> points(192);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto x = static_cast<double>(i);
    points[i] = {x, 7.0 + 3 * x};
  }
  const auto line = quantile_line(points, quantile, {});
  CHECK(line.level == Approx(7));
  CHECK(line.slope == Approx(3));
}

TEST_CASE("points that are late by any amount do not move the line, up to most of them",
          "[driver][quantile-line]") {
  auto points = some_points(9, 48);
  const auto base = [&] {
    for (std::size_t i = 0; i < points.size(); ++i)
      if (i % 5 != 0) points[i].y = 20'000 * points[i].x + 50'000;
    return quantile_line(points, quantile, {});
  }();
  for (std::size_t i = 0; i < points.size(); ++i)
    if (i % 5 != 0) points[i].y += 400'000;
  const auto line = quantile_line(points, quantile, {});
  CHECK(line.level == Approx(base.level));
  CHECK(line.slope == Approx(base.slope));
}
