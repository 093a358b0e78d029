#include "driver/core/kernel_clock_check.h"

#include <chrono>

namespace ntsbox::driver {
namespace {

constexpr nanoseconds longest_age = 5s;
// A clock that may be wrong by more cannot distinguish one second from the next.
constexpr nanoseconds useful_maxerror = 400ms;
constexpr nanoseconds margin = 50ms;

}  // namespace

void KernelClockCheck::on_status(const ClockStatus& status, MonotonicTime now) {
  status_ = status;
  when_ = now;
}

bool KernelClockCheck::is_current(MonotonicTime now, std::optional<MonotonicTime> last_step) const {
  return status_ && difference(now, when_) <= longest_age && (!last_step || when_ > *last_step);
}

bool KernelClockCheck::contradicts(nanoseconds offset, MonotonicTime now,
                                   std::optional<MonotonicTime> last_step) const {
  if (!enabled_ || !is_current(now, last_step) || !status_->synchronised) return false;
  if (status_->maxerror < 0ns || status_->maxerror >= useful_maxerror) return false;
  return std::chrono::abs(offset) > status_->maxerror + margin;
}

}  // namespace ntsbox::driver
