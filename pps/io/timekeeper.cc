#include "pps/io/timekeeper.h"

#include <sched.h>
#include <sys/mman.h>

#include <ctime>

#include "posix/clock.h"

namespace ntsbox::pps {
namespace {

// Above the kernel's threads that serve interrupts (50), so that none of them delays a pulse.
constexpr int priority = 60;

}  // namespace

SystemTime Timekeeper::now() {
  return system_time();
}

MonotonicTime Timekeeper::monotonic() {
  return monotonic_time();
}

void Timekeeper::sleep_until(SystemTime time) {
  const timespec until = timespec_of(time.time_since_epoch());
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr);
}

bool Timekeeper::synchronised() {
  const auto status = read_clock_status();
  return status && status->synchronised;
}

bool be_punctual() {
  sched_param parameters{};
  parameters.sched_priority = priority;
  if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) != 0) return false;
  (void)mlockall(MCL_CURRENT | MCL_FUTURE);  // a page that must be fetched costs one late pulse
  return true;
}

}  // namespace ntsbox::pps
