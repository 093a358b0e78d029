#pragma once
// NMEA 0183 sentences as a GPS receiver sends them. Pure text out of values.

#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::lab {

/// An instant of true UTC, within the years that nanoseconds reach (1678 to 2261).
using UtcTime = std::chrono::time_point<UtcSecond::clock, nanoseconds>;

enum class FixMode { none, two_d, three_d };

/// One epoch of a receiver, at rest near Bern with eight satellites in use when it has a fix.
struct Epoch {
  UtcTime time;
  FixMode mode = FixMode::three_d;
  bool satellites_in_view = false;  // also GSV, which receivers send more seldom
};

/// "$" + body + "*" + checksum + CR LF (NMEA 0183 §5.3).
[[nodiscard]] std::string sentence(std::string_view body);

/// The burst of an epoch: RMC, GGA, GSA, GSV when asked for, ZDA. `decimals` (1 to 9) digits follow
/// the second.
[[nodiscard]] std::string sentences_of(const Epoch& epoch, int decimals);

}  // namespace ntsbox::lab
