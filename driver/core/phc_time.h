#pragma once
// From the time of a PTP hardware clock (PHC), which may be set to anything and run at a rate of
// its own, to the system clock's.

#include <optional>
#include <span>

#include "base/time.h"

namespace ntsbox::driver {

/// A PHC, read between two readings of the system clock (linux/ptp_clock.h,
/// PTP_SYS_OFFSET_EXTENDED); at one instant where the hardware takes both at once.
struct PhcReading {
  SystemTime before;
  nanoseconds phc{};  // since whatever that clock counts from
  SystemTime after;
};

/// The longest that an edge may wait for its reader: with a clock that is 100 ppm fast 25 µs.
inline constexpr nanoseconds longest_phc_wait = 250ms;

/// What CLOCK_REALTIME was when the PHC was at `stamp`, by the reading that took the shortest.
/// Empty without a reading, and where `stamp` is later than that or older than `longest_phc_wait`:
/// then one of the clocks was set, or the edge is stale.
[[nodiscard]] std::optional<SystemTime> system_time_at(nanoseconds stamp,
                                                       std::span<const PhcReading> readings);

/// Which edges begin a pulse, where a card stamps both edges and does not tell them apart (igb's
/// i210). A pulse is shorter than 0.4 s, so an edge that comes more than 0.6 s after the one before
/// begins one; and none was lost when the one before that came a second ago, within a millisecond.
class LeadingEdge {
 public:
  /// Takes the edges in their order, by the clock that stamps them.
  [[nodiscard]] bool begins_pulse(nanoseconds stamp);

 private:
  std::optional<nanoseconds> last_;
  std::optional<nanoseconds> before_;  // the one before the last
};

}  // namespace ntsbox::driver
