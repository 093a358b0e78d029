#pragma once
// From the time of a PTP hardware clock (PHC), which may be set to anything and run at a rate of
// its own, to the system clock's; and which of its edges count.

#include <optional>
#include <span>

#include "base/time.h"

namespace ntsbox::driver {

/// A PHC, read between two readings of the system clock (linux/ptp_clock.h,
/// PTP_SYS_OFFSET_EXTENDED); at one instant where the hardware takes both at once.
struct PhcReading {
  SystemTime before;
  nanoseconds phc{};  // since whatever that clock counts from, at most 127 years from it
  SystemTime after;
};

/// Tells when an edge came by CLOCK_REALTIME.
class PhcTime {
 public:
  /// The longest that an edge may wait for its reader: some drivers look for edges four times a
  /// second (bcm-phy-ptp.c).
  static constexpr nanoseconds longest_wait = 400ms;
  /// The longest that a reading may take: half of it is what the stamp may be off.
  static constexpr nanoseconds longest_reading = 200us;
  /// How fast one clock may run by the other, ± [ppm]: more, and one of them was set, or is on its
  /// way to what it was set to.
  static constexpr double most_ppm = 200;

  /// Of the edge at `stamp` by the PHC, by the reading that took the shortest. While the edge
  /// waited the clocks ran as they did since the edge before, so the first edge has no time. Nor
  /// has one whose reading is beyond a limit above, or earlier than it.
  [[nodiscard]] std::optional<SystemTime> at(nanoseconds stamp,
                                             std::span<const PhcReading> readings);

 private:
  struct Pair {
    SystemTime system;
    nanoseconds phc{};
  };

  std::optional<Pair> last_;
};

/// Which edges are given, of a clock that stamps one edge of each pulse or both and does not tell
/// them apart. Of both it is the one that begins the pulse: the pulse is longer than 2 ms and
/// shorter than 0.4 s, so that edge comes more than 0.6 s after the one before; and none was lost
/// when the one before that came a second ago, within a millisecond.
class PhcEdges {
 public:
  /// `both`: what the driver said that it stamps. Where it said one (igb_ptp.c and bcm-phy-ptp.c do
  /// not look at what they are asked for), three pulses with both edges show that it is wrong.
  explicit PhcEdges(bool both) : both_(both) {}

  /// Takes the edges in their order, by the clock that stamps them.
  [[nodiscard]] bool counts(nanoseconds stamp);

 private:
  bool both_;
  int seen_ = 0;  // pulses with both edges, one after the other
  std::optional<nanoseconds> last_;
  std::optional<nanoseconds> before_;  // the one before the last
};

}  // namespace ntsbox::driver
