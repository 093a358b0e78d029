#pragma once
// The line under the earliest of the last pulses, on CLOCK_MONOTONIC_RAW: where each of them was
// due. How long it looks back is by how straight the clock runs. docs/accuracy.md has the
// reasoning and the figures.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "base/time.h"
#include "driver/core/quantile_line.h"

namespace ntsbox::driver {

/// A pulse: where CLOCK_MONOTONIC_RAW was when it was due, by its stamp.
struct RawPulse {
  UtcSecond second;
  nanoseconds raw_minus_true{};
};

/// A line of more pulses than the usual one. It has less noise, and lags more.
struct LongerLine {
  std::size_t pulses;
  Line line{};
  double square = 0;  // the mean of the last minutes, of how far it ends from one half as long, ns²
  double seen = 0;    // how many are in that mean
};

/// Never allocates.
class Envelope {
 public:
  /// Pulses that are looked at, how old they may be, and for how long there may be none.
  static constexpr std::size_t window = 192;
  static constexpr seconds reach{384};
  static constexpr seconds gap{96};
  /// Pulses of the line that is the usual one, and of the one for a frequency on the move.
  static constexpr std::size_t usual = 48;
  static constexpr std::size_t recent = 24;

  /// Forgets what is too old for a pulse of that second: all, when it is no later than the last.
  void age(UtcSecond now);

  /// A pulse later than those before.
  void add(const RawPulse& pulse);

  /// As if the last so many had not been added; the lines are as they were.
  void forget_last(std::size_t count) { count_ -= std::min(count, count_); }

  /// Moves all pulses by `step`: what they were late by has changed, and the slope has not.
  void move(nanoseconds step);

  /// Finds the line again. `spread` is by how many ns the median pulse is above the usual one.
  void fit(double spread);

  /// Goes on without the shortest line: it is to reach beyond its pulses.
  void extrapolate() { line_ = steady_; }

  /// Whether there is a line, of three pulses at least.
  explicit operator bool() const { return line_.has_value(); }

  [[nodiscard]] std::size_t size() const { return count_; }

  /// By how many ns a pulse is above the line. There must be one.
  [[nodiscard]] double residual(const RawPulse& pulse) const;

  /// Those of the pulses that the usual line is of, the oldest first, into `room`.
  [[nodiscard]] std::span<double> residuals(std::span<double, usual> room) const;

 private:
  void move_origin();
  const Line& find_steady(std::span<const Point> points, double spread);
  void find_bent(std::span<const Point> points, const Line& longest, double spread);
  [[nodiscard]] double above(const Line& line, const RawPulse& pulse) const;
  [[nodiscard]] Point point_of(const RawPulse& pulse) const;

  std::array<RawPulse, window> pulses_{};  // the oldest first
  std::size_t count_ = 0;
  RawPulse origin_{};         // where the lines have their zeros
  std::optional<Line> line_;  // in ns along seconds
  Line steady_{};             // of those but the shortest
  Line usual_{};
  std::array<LongerLine, 2> longer_{{{2 * usual}, {window}}};
  Line shorter_{};
  double bend_ = 0;  // ns from the usual line's end to that of the shortest: the last ones' mean
};

}  // namespace ntsbox::driver
