#pragma once
// The truth: true UTC as a linear function of the system clock, exact to the nanosecond.
//
// What is meant by the system clock is CLOCK_REALTIME as it would have gone on, had nobody stepped
// it: CLOCK_MONOTONIC plus their difference at the start. So a step of the system clock is seen as
// one, the receiver does not follow it; and a slew moves both alike, so that the offset stays what
// was asked for.

#include <algorithm>

#include "base/time.h"
#include "lab/core/nmea.h"

namespace ntsbox::lab {

/// How far CLOCK_REALTIME is ahead of CLOCK_MONOTONIC lies within these: it was read between two
/// readings of the other.
struct ClockDifference {
  nanoseconds least;
  nanoseconds most;
};

/// The difference to go on with: `known` unless a step of the system clock is beyond doubt (more
/// than 1 µs outside what was `read`), then the least that was read, so that no stamp lies ahead of
/// the clock.
[[nodiscard]] nanoseconds followed(nanoseconds known, ClockDifference read);

class TrueTime {
 public:
  /// The least and the most that an offset may be, so that dates stay within the years of UtcTime.
  static constexpr nanoseconds largest_offset = 3'000'000'000s;

  /// true = system + offset + drift × (system − system at the start). `difference` is
  /// CLOCK_REALTIME less CLOCK_MONOTONIC at the start; `offset` within ±largest_offset; `drift_ppm`
  /// within ±100 000.
  TrueTime(MonotonicTime start, nanoseconds difference, nanoseconds offset, double drift_ppm);

  [[nodiscard]] UtcTime at(MonotonicTime now) const;
  /// The inverse: the instant at which true time is `time`, rounded to the nanosecond.
  [[nodiscard]] MonotonicTime when(UtcTime time) const;

  /// From now on true time is later by `by`, as far as the offset stays within ±largest_offset; the
  /// drift goes on from the start.
  void jump(nanoseconds by) {
    offset_ = std::clamp(minus(offset_, -by), -largest_offset, largest_offset);
  }

 private:
  MonotonicTime start_;
  nanoseconds system_at_start_;
  nanoseconds offset_;
  double drift_;  // a ratio
};

}  // namespace ntsbox::lab
