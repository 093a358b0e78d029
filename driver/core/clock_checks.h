#pragma once
// Two checks with the machine's clocks: was the system clock stepped, and does the kernel's clock
// contradict the label?

#include <optional>

#include "base/time.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// Watches CLOCK_REALTIME against CLOCK_MONOTONIC. Both are slewed together, so their difference
/// changes only when the clock is stepped (clock_settime(2), adjtimex(2) ADJ_SETOFFSET).
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

  /// By how much it was stepped.
  [[nodiscard]] nanoseconds last_step_size() const { return last_step_size_; }

 private:
  struct Departure {
    nanoseconds relation;
    MonotonicTime seen;
  };

  std::optional<nanoseconds> relation_;  // system - monotonic
  std::optional<Departure> suspect_;
  nanoseconds departure_{};
  std::optional<MonotonicTime> last_step_;
  nanoseconds last_step_size_{};
};

/// Compares the label with the kernel's clock: only a synchronised clock shows that a receiver is
/// late by a whole second. chronyd keeps the kernel's clock status up to date with `rtcsync`.
class KernelClockCheck {
 public:
  /// `enabled`: the setting [integrity] witness.
  explicit KernelClockCheck(bool enabled) : enabled_(enabled) {}

  /// The kernel's clock status, read at `now`.
  void on_status(const ClockStatus& status, MonotonicTime now);

  /// Whether the last status holds at `now`: it is at most 5 s old, and was read after the last
  /// clock step.
  [[nodiscard]] bool is_current(MonotonicTime now, std::optional<MonotonicTime> last_step) const;

  /// Whether a pulse with this offset must be wrong, because the clock is known better than that.
  [[nodiscard]] bool contradicts(nanoseconds offset, MonotonicTime now,
                                 std::optional<MonotonicTime> last_step) const;

 private:
  bool enabled_;
  std::optional<ClockStatus> status_;
  MonotonicTime when_{};
};

}  // namespace ntsbox::driver
