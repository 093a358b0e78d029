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

/// How far the end of a line and that of a shorter one keep apart, in ns.
class Bend {
 public:
  void see(double apart);

  /// The mean of the last ones: they keep to one side while a clock's frequency is on the move.
  [[nodiscard]] double mean() const { return mean_; }

  /// The root of the mean square of the last minutes: how well the longer line does by this clock.
  [[nodiscard]] double deviation() const;

 private:
  double mean_ = 0;
  double square_ = 0;
  double seen_ = 0;  // how many are in the mean square
};

/// Never allocates.
class Envelope {
 public:
  /// Pulses that are looked at, how old they may be, and for how long there may be none.
  static constexpr std::size_t window = 96;
  static constexpr seconds reach{192};
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

  /// Finds the line again. `spread` is by how many ns the median pulse is above it.
  void fit(double spread);

  /// Goes on by the usual line alone: it is to reach beyond its pulses.
  void extrapolate() { line_ = usual_; }

  /// Whether there is a line, of three pulses at least.
  explicit operator bool() const { return line_.has_value(); }

  [[nodiscard]] std::size_t size() const { return count_; }

  /// By how many ns a pulse is above the line. There must be one.
  [[nodiscard]] double residual(const RawPulse& pulse) const;

  /// Those of the pulses that the usual line is of, the oldest first, into `room`.
  [[nodiscard]] std::span<double> residuals(std::span<double, usual> room) const;

 private:
  [[nodiscard]] double above(const Line& line, const RawPulse& pulse) const;
  [[nodiscard]] Point point_of(const RawPulse& pulse) const;

  std::array<RawPulse, window> pulses_{};  // the oldest first
  std::size_t count_ = 0;
  RawPulse origin_{};         // where the lines have their zeros
  std::optional<Line> line_;  // in ns along seconds
  Line usual_{};
  Line longer_{};
  Line shorter_{};
  Bend of_long_;   // of the line through all, from the usual one
  Bend of_usual_;  // of that from the shortest
};

}  // namespace ntsbox::driver
