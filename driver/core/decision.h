#pragma once
// What the bridge decided about a pulse, and its state.

#include <variant>

#include "base/time.h"
#include "contract/reason.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// A pulse that passed all checks. offset is true minus system time at the stamp, exact to the
/// nanosecond.
struct Sample {
  SystemTime stamp;
  UtcSecond second;
  nanoseconds offset{};
  nanoseconds correction{};  // lateness of the edge: chronyd gets offset + correction

  [[nodiscard]] nanoseconds sent_offset() const { return offset + correction; }
};

using Decision = std::variant<Sample, Reason>;

}  // namespace ntsbox::driver
