#pragma once
// Quantile regression (Koenker and Bassett 1978): the line that leaves a given share of the points
// below it, as least squares leaves the mean on it. With a low share it is the lower envelope of
// the points, whatever the late ones do.

#include <cstddef>
#include <span>

namespace ntsbox::driver {

struct Point {
  double x = 0;
  double y = 0;
};

struct Line {
  double level = 0;  // at x = 0
  double slope = 0;

  [[nodiscard]] double at(double x) const { return level + slope * x; }
};

/// More points than this are not taken.
inline constexpr std::size_t most_points = 192;

/// The line through two of the points, 2 to most_points of them and not all at one x, that has
/// about `quantile` of them below it (0 < quantile < 1): it minimises the sum of what points are
/// above it, times quantile, and below it, times 1 - quantile, to within x * x * 1e-8 of each y.
/// `guess` is where to begin: the better, the fewer steps, and none from the line itself. Never
/// allocates.
[[nodiscard]] Line quantile_line(std::span<const Point> points, double quantile, const Line& guess);

}  // namespace ntsbox::driver
