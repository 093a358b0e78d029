#include "driver/core/quantile_line.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace ntsbox::driver {
namespace {

// A handful of steps is the rule. More are spent only where several lines are equally good.
constexpr int most_steps = 20;

// Where three points are on one line, as stamps of a coarse clock are, the search could end on a
// line that is best for two of them alone. So it goes by points that are bent along a parabola, by
// less than 2e-3 within 384.
constexpr double bow = 1e-8;

/// The slope to another point, from the one that the line turns about, and the other's lever.
struct Spoke {
  double slope = 0;
  double lever = 0;
  std::size_t to = 0;
};

/// The point nearest to the line, of those that are not at the second of `but`.
std::size_t nearest(std::span<const Point> points, const Line& line,
                    std::optional<double> but = std::nullopt) {
  std::size_t found = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double off = std::abs(points[i].y - line.at(points[i].x));
    if (off >= least || points[i].x == but) continue;
    found = i;
    least = off;
  }
  return found;
}

/// Whether the sum falls when the line turns about the point `centre`, away from `other`: by its
/// derivative on both sides, which no more than one look at each point tells. Where others are on
/// the line too it may be told to fall and does not.
bool falls_about(std::span<const Point> points, double quantile, std::size_t centre,
                 std::size_t other) {
  const auto& [x, y] = points[centre];
  const double lever = points[other].x - x;
  const double slope = (points[other].y - y) / lever;
  double pull = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == other) continue;
    const double along = points[i].x - x;
    pull += (points[i].y - y > slope * along ? quantile : quantile - 1) * along;
  }
  return pull / lever < -quantile || pull / lever > 1 - quantile;
}

/// The point to which the best line through `centre` goes, found by turning it from the steepest
/// fall upwards: at each other point that it meets, the sum's derivative grows by that one's lever.
std::size_t best_through(std::span<const Point> points, double quantile, std::size_t centre) {
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
  return first->to;
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
  std::size_t centre = nearest(points, guess);
  std::size_t other = nearest(points, guess, points[centre].x);
  int best = 0;  // for how many of the two
  for (int step = 0; best < 2 && step < most_steps; ++step) {
    const auto met =
        falls_about(bent, quantile, centre, other) ? best_through(bent, quantile, centre) : other;
    best = met == other ? best + 1 : 1;
    other = std::exchange(centre, met);
  }
  const auto& [x, y] = points[centre];
  const double slope = (points[other].y - y) / (points[other].x - x);
  return {y - slope * x, slope};
}

}  // namespace ntsbox::driver
