#include "pps/io/generator.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "posix/clock.h"

namespace ntsbox::pps {
namespace {

// Above the kernel's threads that serve interrupts (50), so that none of them delays a pulse.
constexpr int priority = 60;

// One day.
constexpr std::size_t most_kept = 86'400;

template <class T>
void keep_last(std::vector<T>& values, const T& value) {
  if (values.size() == most_kept) values.erase(values.begin());
  values.push_back(value);
}

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

bool take_real_time_priority() {
  sched_param parameters{};
  parameters.sched_priority = priority;
  if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) != 0) return false;
  (void)mlockall(MCL_CURRENT | MCL_FUTURE);  // a page that must be fetched costs one late pulse
  return true;
}

SystemTime Schedule::next(SystemTime now) const {
  return SystemTime{std::chrono::ceil<seconds>(now.time_since_epoch() + spin + ready_before)};
}

Result<void> Generator::run() {
  for (std::int64_t done = 0; !options_.count || done < *options_.count; ++done) {
    const auto second = options_.schedule.next(clock_.now());
    if (!wait_until(second - options_.schedule.spin - ready_before)) break;
    TRY(mark(second));
    // Past the second in any case, so that it is not handled twice.
    if (!wait_until(second + options_.schedule.latest)) break;
  }
  return {};
}

/// False to stop.
bool Generator::wait_until(SystemTime time) {
  for (;;) {
    const auto rest = difference(time, clock_.now());
    // The clock was set back: determine the next second again.
    if (rest > 2s) return idle_(0ns);
    if (!idle_(std::max(rest, nanoseconds{0}))) return false;
    if (clock_.now() >= time) return true;
  }
}

bool Generator::may_pulse() {
  if (options_.unsynchronised || clock_.synchronised()) {
    if (std::exchange(withholding_, false))
      log_("the clock is synchronised again: generating pulses");
    return true;
  }
  if (!std::exchange(withholding_, true))
    log_("the clock is no longer synchronised: withholding pulses");
  return false;
}

/// False when the second gets no pulse: it has passed, or the clock was stepped.
bool Generator::spin_until(SystemTime second) {
  const auto& [spin, latest, width] = options_.schedule;
  clock_.sleep_until(second - spin);
  const auto began = clock_.monotonic();
  auto now = clock_.now();
  while (now < second) {
    if (difference(clock_.monotonic(), began) > 2 * spin) return false;
    now = clock_.now();
  }
  return difference(now, second) <= latest;
}

Result<void> Generator::mark(SystemTime second) {
  if (!may_pulse()) {
    ++report_.withheld;
    return {};
  }
  if (!spin_until(second)) {
    ++report_.left_out;
    return {};
  }
  TRY(const auto edge, line_.raise(clock_));
  keep(second, edge);
  (void)idle_(options_.schedule.width);  // lower the line also when the user stops the program
  return line_.lower();
}

void Generator::keep(SystemTime second, const Edge& edge) {
  ++report_.pulses;
  keep_last(report_.late, difference(edge.after, second));
  keep_last(report_.took, difference(edge.after, edge.before));
  keep_last(edges_, edge);
}

}  // namespace ntsbox::pps
