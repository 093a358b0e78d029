#include "driver/core/witness.h"

#include <chrono>

namespace ntsbox::driver {
namespace {

constexpr nanoseconds fresh = 5s;
// A clock that may be wrong by more cannot tell one second from the next.
constexpr nanoseconds useful = 400ms;
constexpr nanoseconds margin = 50ms;

}  // namespace

void Witness::take(const ClockStatus& status, MonotonicTime now) {
  status_ = status;
  when_ = now;
}

bool Witness::is_heard(MonotonicTime now, std::optional<MonotonicTime> last_step) const {
  return status_ && difference(now, when_) <= fresh && (!last_step || when_ > *last_step);
}

bool Witness::objects(nanoseconds offset, MonotonicTime now,
                      std::optional<MonotonicTime> last_step) const {
  if (!heeded_ || !is_heard(now, last_step) || !status_->synchronised) return false;
  if (status_->maxerror < 0ns || status_->maxerror >= useful) return false;
  return std::chrono::abs(offset) > status_->maxerror + margin;
}

}  // namespace ntsbox::driver
