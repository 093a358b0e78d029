#pragma once
// The kernel's clock status as a witness: the only thing that can tell a receiver that is a second
// late from one that is right. chronyd keeps it up to date with `rtcsync`.

#include <optional>

#include "base/time.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

class Witness {
 public:
  explicit Witness(bool heeded) : heeded_(heeded) {}

  /// The kernel's word at `now`.
  void take(const ClockStatus& status, MonotonicTime now);

  /// Whether what it said last is of now: at most 5 s old, and of this clock.
  [[nodiscard]] bool is_heard(MonotonicTime now, std::optional<MonotonicTime> last_step) const;

  /// Whether the clock is known well enough, at `now`, to say that a pulse with this offset is
  /// wrong. What was said before `last_step` was said of another clock.
  [[nodiscard]] bool objects(nanoseconds offset, MonotonicTime now,
                             std::optional<MonotonicTime> last_step) const;

 private:
  bool heeded_;
  std::optional<ClockStatus> status_;
  MonotonicTime when_{};
};

}  // namespace ntsbox::driver
