#pragma once
// When a pulse is due, and when it is too late for one.

#include "base/time.h"

namespace ntsbox::pps {

struct Schedule {
  nanoseconds spin = 200us;   // the clock is looked at without rest for so long before the second
  nanoseconds latest = 1ms;   // a pulse that would come later is left out
  nanoseconds width = 100ms;  // how long the line stays up; spin + width < 1 s

  /// The first whole second of the system clock at or after `now` that leaves time to get ready.
  [[nodiscard]] SystemTime next(SystemTime now) const;
};

/// The line is left to itself, and the pulse prepared for, so long before a second.
inline constexpr nanoseconds ready_before = 20ms;

}  // namespace ntsbox::pps
