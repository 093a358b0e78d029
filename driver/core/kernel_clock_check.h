#pragma once
// Compares the label with the kernel's clock: only a synchronised clock shows that a receiver is
// late by a whole second. chronyd keeps the kernel's clock status up to date with `rtcsync`.

#include <optional>

#include "base/time.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

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
