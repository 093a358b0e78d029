#include "driver/core/clock_checks.h"

#include <chrono>

namespace ntsbox::driver {
namespace {

// A smaller step is not told from a reading that was disturbed; the offset error it can cause in
// the one pulse that straddles it is as small.
constexpr nanoseconds tolerance = 1ms;

bool near(nanoseconds a, nanoseconds b) {
  const auto apart = minus(a, b);
  return apart <= tolerance && apart >= -tolerance;
}

constexpr nanoseconds longest_age = 5s;
// A clock that may be wrong by more cannot distinguish one second from the next.
constexpr nanoseconds useful_maxerror = 400ms;
constexpr nanoseconds margin = 50ms;

}  // namespace

void ClockWatch::observe(const Reading& at) {
  const auto relation = minus(at.system.time_since_epoch(), at.monotonic.time_since_epoch());
  departure_ = 0ns;
  if (!relation_) {
    relation_ = relation;
  } else if (near(relation, *relation_)) {
    // Followed, but slowly, so that one disturbed reading does not shift it by much.
    *relation_ += (relation - *relation_) / 4;
    suspect_.reset();
  } else if (suspect_ && near(relation, suspect_->relation)) {
    last_step_size_ = minus(relation, *relation_);
    relation_ = relation;
    last_step_ = suspect_->seen;
    suspect_.reset();
  } else {
    suspect_ = Departure{relation, at.monotonic};
    departure_ = minus(relation, *relation_);
  }
}

MonotonicTime ClockWatch::monotonic_of(SystemTime stamp) const {
  return MonotonicTime{minus(stamp.time_since_epoch(), relation_.value_or(0ns))};
}

void KernelClockCheck::on_status(const ClockStatus& status, MonotonicTime now) {
  // No kernel reports a negative one: such a status is no evidence either way.
  if (status.maxerror < 0ns) return;
  status_ = status;
  when_ = now;
}

bool KernelClockCheck::is_current(MonotonicTime now, std::optional<MonotonicTime> last_step) const {
  return status_ && difference(now, when_) <= longest_age && (!last_step || when_ > *last_step);
}

bool KernelClockCheck::contradicts(nanoseconds offset, MonotonicTime now,
                                   std::optional<MonotonicTime> last_step) const {
  if (!enabled_ || !is_current(now, last_step) || !status_->synchronised) return false;
  if (status_->maxerror >= useful_maxerror) return false;
  return std::chrono::abs(offset) > status_->maxerror + margin;
}

}  // namespace ntsbox::driver
