#pragma once
// The line under the earliest of the last pulses, on CLOCK_MONOTONIC_RAW: when each of them was
// due. It blends lines of 24, 48, 96 and 192 pulses: the longer ones count while the clock's
// frequency is steady. docs/accuracy.md has the reasoning and the figures.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/time.h"

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

/// How far the value is on the way between the two: 0 up to `from`, 1 from `to` on.
inline double ramp(double value, double from, double to) {
  if (value <= from) return 0;
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

/// More points than this are not taken.
inline constexpr std::size_t most_points = 192;

/// Quantile regression (Koenker and Bassett 1978): the line that leaves a given share of the points
/// below it, as least squares leaves the mean on it. With a low share it is the lower envelope of
/// the points, and late points do not affect it. The line goes through two of the points, 2 to
/// most_points of them and not all at one x, that has about `quantile` of them below it (0 <
/// quantile < 1): it minimises the sum of what points are above it, times quantile, and below it,
/// times 1 - quantile, to within x * x * 1e-8 of each y. `guess` is where to begin: the better, the
/// fewer steps, and none from the line itself. Never allocates.
[[nodiscard]] Line quantile_line(std::span<const Point> points, double quantile, const Line& guess);

/// A pulse, and CLOCK_MONOTONIC_RAW at its stamp less true time.
struct RawPulse {
  UtcSecond second;
  nanoseconds raw_minus_true{};
};

/// The line of 96 or 192 pulses. It has less noise than a shorter one, and lags more.
struct LongerLine {
  std::size_t pulses;
  Line line{};
  /// Mean square of the distance between its end and that of the line half as long, ns².
  double square = 0;
  double averaged = 0;  // number of pulses in that mean
};

/// Never allocates.
class Envelope {
 public:
  /// The pulses that are kept: how many, how old, and the longest gap between two of them.
  static constexpr std::size_t window = 192;
  static constexpr seconds oldest{384};
  static constexpr seconds longest_gap{96};
  static constexpr std::size_t line48_pulses = 48;
  static constexpr std::size_t line24_pulses = 24;

  /// Drops what is too old beside a pulse of second `now`: everything, when that is no later than
  /// the last pulse.
  void age(UtcSecond now);

  /// Adds a pulse that is later than those before it.
  void add(const RawPulse& pulse);

  /// Drops the last `count` pulses; the lines stay as they are.
  void forget_last(std::size_t count) { count_ -= std::min(count, count_); }

  /// Shifts all pulses by `step`: the minimum lateness changed, the slope did not.
  void shift(nanoseconds step);

  /// Fits the line again. `spread`: by how many ns the median pulse is above the line of 48 pulses.
  void fit(double spread);

  /// Leaves out the line of 24 pulses, which is no good beyond its own pulses.
  void extrapolate() { line_ = long_lines_; }

  /// Whether there is a line: it takes three pulses.
  explicit operator bool() const { return line_.has_value(); }

  [[nodiscard]] std::size_t size() const { return count_; }

  /// By how many ns a pulse is above the line, which must exist.
  [[nodiscard]] double residual(const RawPulse& pulse) const;

  /// Those of the pulses of the line of 48, the oldest first, written into `room`.
  [[nodiscard]] std::span<double> residuals(std::span<double, line48_pulses> room) const;

 private:
  void move_origin();
  const Line& fit_long_lines(std::span<const Point> points, double spread);
  void fit_line24(std::span<const Point> points, const Line& longest, double spread);
  [[nodiscard]] double above(const Line& line, const RawPulse& pulse) const;
  [[nodiscard]] Point point_of(const RawPulse& pulse) const;

  std::array<RawPulse, window> pulses_{};  // the oldest first
  std::size_t count_ = 0;
  RawPulse origin_{};         // the zero of the lines
  std::optional<Line> line_;  // in ns along seconds
  Line long_lines_{};         // the blend of all but that of 24 pulses
  Line line48_{};
  std::array<LongerLine, 2> longer_{{{2 * line48_pulses}, {window}}};
  Line line24_{};
  double bend_ = 0;  // ns from the end of line48_ to that of line24_, recent mean
};

}  // namespace ntsbox::driver
