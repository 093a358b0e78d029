#include "posix/clock.h"

#include <sys/timex.h>

namespace ntsbox {
namespace {

nanoseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

}  // namespace

TimedReading read_clocks_timed() {
  constexpr int tries = 3;
  constexpr nanoseconds quick = 2us;
  TimedReading best{{}, nanoseconds::max()};
  for (int i = 0; i < tries && best.span > quick; ++i) {
    const auto before = now(CLOCK_MONOTONIC);
    const ClockReading reading{SystemTime{now(CLOCK_REALTIME)}, MonotonicTime{},
                               RawTime{now(CLOCK_MONOTONIC_RAW)}};
    const auto after = now(CLOCK_MONOTONIC);
    if (after - before >= best.span) continue;
    best = {reading, after - before};
    best.clocks.monotonic = MonotonicTime{before + best.span / 2};
  }
  return best;
}

ClockReading read_clocks() {
  return read_clocks_timed().clocks;
}

SystemTime system_time() {
  return SystemTime{now(CLOCK_REALTIME)};
}

UtcSecond system_second() {
  return UtcSecond{std::chrono::floor<seconds>(now(CLOCK_REALTIME))};
}

MonotonicTime monotonic_time() {
  return MonotonicTime{now(CLOCK_MONOTONIC)};
}

std::optional<ClockStatus> read_clock_status() {
  timex status{};
  if (adjtimex(&status) < 0) return std::nullopt;
  return ClockStatus{(status.status & STA_UNSYNC) == 0, std::chrono::microseconds{status.maxerror}};
}

timespec timespec_of(nanoseconds span) {
  const auto whole = std::chrono::floor<seconds>(span);
  timespec time{};
  time.tv_sec = static_cast<std::time_t>(whole.count());
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>((span - whole).count());
  return time;
}

}  // namespace ntsbox
