#include "driver/core/quantile_line.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

namespace ntsbox::driver {
namespace {

// A handful of steps is the rule. More are spent only where several lines are equally good.
constexpr int most_steps = 20;

// Where three points are on one line, as stamps of a coarse clock are, the search could end on a
// line that is best for two of them alone. So it goes by points that are bent along a parabola, by
// less than 1e-3 within 192.
constexpr double bow = 1e-8;

/// The slope to another point, from the one that the line turns about, and the other's lever.
struct Spoke {
  double slope = 0;
  double lever = 0;
  std::size_t to = 0;
};

/// The point that has `quantile` of the points below it, as seen from `line`.
std::size_t nearest_to_quantile(std::span<const Point> points, double quantile, const Line& line) {
  std::array<std::size_t, most_points> order{};
  for (std::size_t i = 0; i < points.size(); ++i) order[i] = i;
  const auto above = [&](std::size_t i) { return points[i].y - line.at(points[i].x); };
  const auto rank = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(points.size() - 1));
  std::nth_element(order.begin(), order.begin() + rank,
                   order.begin() + static_cast<std::ptrdiff_t>(points.size()),
                   [&](std::size_t a, std::size_t b) { return above(a) < above(b); });
  return order[static_cast<std::size_t>(rank)];
}

/// The best line through the point `centre`, found by turning it from the steepest fall upwards: at
/// each other point that it meets, the sum's derivative grows by that point's lever.
Spoke best_through(std::span<const Point> points, double quantile, std::size_t centre) {
  std::array<Spoke, most_points> spokes{};
  std::size_t count = 0;
  double descent = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double lever = points[i].x - points[centre].x;
    if (lever == 0) continue;
    spokes[count++] = {(points[i].y - points[centre].y) / lever, std::abs(lever), i};
    descent += lever > 0 ? quantile * lever : (1 - quantile) * -lever;
  }
  // The half in which the derivative turns, and again.
  auto first = spokes.begin();
  auto last = first + static_cast<std::ptrdiff_t>(count);
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last,
                     [](const Spoke& a, const Spoke& b) { return a.slope < b.slope; });
    const double rest = std::accumulate(
        first, middle, descent, [](double sum, const Spoke& spoke) { return sum - spoke.lever; });
    if (rest > 0) {
      descent = rest;
      first = middle;
    } else {
      last = middle;
    }
  }
  return *first;
}

}  // namespace

Line quantile_line(std::span<const Point> points, double quantile, const Line& guess) {
  assert(points.size() >= 2 && points.size() <= most_points);
  std::array<Point, most_points> copies{};
  const auto end = std::transform(points.begin(), points.end(), copies.begin(), [](const Point& p) {
    return Point{p.x, p.y + bow * p.x * p.x};
  });
  const std::span<const Point> bent{copies.begin(), end};
  // The best line goes through two points (it is a vertex of a linear program). So the line turns
  // about one point until it is best, then about the other that it met: best for both is best.
  std::size_t centre = nearest_to_quantile(bent, quantile, guess);
  Spoke spoke = best_through(bent, quantile, centre);
  for (int step = 0; step < most_steps; ++step) {
    const auto before = centre;
    centre = spoke.to;
    spoke = best_through(bent, quantile, centre);
    if (spoke.to == before) break;
  }
  const auto& [x, y] = points[centre];
  const double slope = (points[spoke.to].y - y) / (points[spoke.to].x - x);
  return {y - slope * x, slope};
}

}  // namespace ntsbox::driver
