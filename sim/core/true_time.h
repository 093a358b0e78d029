#pragma once
// The true time as a linear function of the system clock, exact to the nanosecond, and the lines in
// which an edge is reported.
//
// The system clock means CLOCK_REALTIME as it would have gone on, had nobody stepped it:
// CLOCK_MONOTONIC plus their difference at the start. So the receiver does not follow a step of the
// system clock; and a slew moves both alike, so that the offset stays what was asked for.

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "sim/core/nmea.h"

namespace ntsbox::sim {

/// By how much CLOCK_REALTIME is ahead of CLOCK_MONOTONIC: bounds, since it is read between two
/// readings of CLOCK_MONOTONIC.
struct ClockDifference {
  nanoseconds least;
  nanoseconds most;
};

/// The difference to use from now on: `known`, unless it is more than 1 µs outside what was `read`,
/// that is, the system clock was stepped. Then the least that was read, so that no stamp lies ahead
/// of the clock.
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

/// An edge as it was stamped: whatever the pulse was late is in the stamp.
struct StampedEdge {
  UtcSecond second;  // which it marks
  SystemTime stamp;
  std::uint32_t sequence;
};

/// "1795341599.995000000 812\n": a line of a pulse stream (docs/event-log.md).
[[nodiscard]] std::string pulse_line(SystemTime stamp, std::uint32_t sequence);

/// {"second":1795341600,"stamp":"1795341599.995000000","sequence":812,"offset_ns":5000000} and a
/// line feed. offset_ns = second − stamp, exactly; both within the years 1678 to 2261.
[[nodiscard]] std::string truth_line(const StampedEdge& edge);

}  // namespace ntsbox::sim
