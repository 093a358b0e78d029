#pragma once
// What the bridge decided about a pulse, and the state that it is in.

#include <variant>

#include "base/time.h"
#include "contract/reason.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// A pulse that may be believed. offset is true minus system time at the stamp, exact to the
/// nanosecond.
struct Sample {
  SystemTime stamp;
  UtcSecond second;
  nanoseconds offset{};
  nanoseconds correction{};  // how late the pulse is known to be: chronyd gets offset + correction

  [[nodiscard]] nanoseconds sent_offset() const { return offset + correction; }
};

using Verdict = std::variant<Sample, Reason>;

}  // namespace ntsbox::driver
