#include "sim/core/true_time.h"

#include <fmt/format.h>

#include <cmath>

namespace ntsbox::sim {
namespace {

// Only the drift's share is ever a double: for a century it is below 2^53 ns.
nanoseconds share(nanoseconds of, double ratio) {
  return nanoseconds{std::llround(static_cast<double>(of.count()) * ratio)};
}

}  // namespace

nanoseconds followed(nanoseconds known, ClockDifference read) {
  // The two clocks are converted from the same counter, each with its own rounding; chronyd's steps
  // are far larger than this.
  constexpr nanoseconds tolerance = 1us;
  return known < read.least - tolerance || known > read.most + tolerance ? read.least : known;
}

TrueTime::TrueTime(MonotonicTime start, nanoseconds difference, nanoseconds offset,
                   double drift_ppm)
    : start_(start),
      system_at_start_(start.time_since_epoch() + difference),
      offset_(offset),
      drift_(drift_ppm * 1e-6) {}

UtcTime TrueTime::at(MonotonicTime now) const {
  const auto elapsed = now - start_;
  return UtcTime{system_at_start_ + elapsed + offset_ + share(elapsed, drift_)};
}

MonotonicTime TrueTime::when(UtcTime time) const {
  const auto true_elapsed = time.time_since_epoch() - system_at_start_ - offset_;
  return start_ + true_elapsed - share(true_elapsed, drift_ / (1 + drift_));
}

std::string pulse_line(SystemTime stamp, std::uint32_t sequence) {
  return fmt::format("{} {}\n", format_decimal_seconds(stamp.time_since_epoch()), sequence);
}

std::string truth_line(const StampedEdge& edge) {
  const auto second = edge.second.time_since_epoch();
  return fmt::format(R"({{"second":{},"stamp":"{}","sequence":{},"offset_ns":{}}})"
                     "\n",
                     second.count(), format_decimal_seconds(edge.stamp.time_since_epoch()),
                     edge.sequence, (second - edge.stamp.time_since_epoch()).count());
}

}  // namespace ntsbox::sim
