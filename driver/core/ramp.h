#pragma once

#include <algorithm>

namespace ntsbox::driver {

/// How far the value is on the way between the two: 0 up to `from`, 1 from `to` on.
inline double ramp(double value, double from, double to) {
  if (value <= from) return 0;
  return std::clamp((value - from) / (to - from), 0.0, 1.0);
}

}  // namespace ntsbox::driver
