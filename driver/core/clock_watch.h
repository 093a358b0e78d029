#pragma once
// Watches CLOCK_REALTIME against CLOCK_MONOTONIC. Both are slewed together, so their difference
// changes only when somebody steps the clock (clock_settime(2), adjtimex(2) ADJ_SETOFFSET).

#include <optional>

#include "base/time.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

class ClockWatch {
 public:
  /// Takes the reading of each event, in order. The two clocks are read some microseconds apart,
  /// and more when the reader was preempted between them: a step is a departure that the next
  /// reading repeats.
  void observe(const Reading& at);

  /// The monotonic time of a system stamp that was taken since the last step.
  [[nodiscard]] MonotonicTime monotonic_of(SystemTime stamp) const;

  /// How far the last reading departs from the relation in force; zero unless it is a step's first
  /// sight or a preempted reading, which only the next reading can tell apart.
  [[nodiscard]] nanoseconds departure() const { return departure_; }

  /// When the last step was first seen. A stamp whose monotonic time is earlier was taken before
  /// it.
  [[nodiscard]] std::optional<MonotonicTime> last_step() const { return last_step_; }

 private:
  struct Departure {
    nanoseconds relation;
    MonotonicTime seen;
  };

  std::optional<nanoseconds> relation_;  // system - monotonic
  std::optional<Departure> suspect_;
  nanoseconds departure_{};
  std::optional<MonotonicTime> last_step_;
};

}  // namespace ntsbox::driver
