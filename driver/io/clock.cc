#include "driver/io/clock.h"

#include <sys/timex.h>

#include <ctime>

namespace ntsbox::driver {
namespace {

nanoseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

}  // namespace

Reading read_clocks() {
  constexpr int tries = 3;
  constexpr nanoseconds quick = 2us;
  Reading best{};
  auto best_span = nanoseconds::max();
  for (int i = 0; i < tries && best_span > quick; ++i) {
    const auto before = now(CLOCK_MONOTONIC);
    const Reading reading{SystemTime{now(CLOCK_REALTIME)}, MonotonicTime{},
                          RawTime{now(CLOCK_MONOTONIC_RAW)}};
    const auto after = now(CLOCK_MONOTONIC);
    if (after - before >= best_span) continue;
    best_span = after - before;
    best = reading;
    best.monotonic = MonotonicTime{before + best_span / 2};
  }
  return best;
}

std::optional<ClockStatus> read_clock_status() {
  timex status{};
  if (adjtimex(&status) < 0) return std::nullopt;
  return ClockStatus{(status.status & STA_UNSYNC) == 0, std::chrono::microseconds{status.maxerror}};
}

}  // namespace ntsbox::driver
