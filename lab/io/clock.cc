#include "lab/io/clock.h"

#include <ctime>

namespace ntsbox::lab {
namespace {

nanoseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

}  // namespace

ClockReading read_clocks() {
  constexpr int tries = 5;
  ClockReading best{};
  auto best_span = nanoseconds::max();
  for (int i = 0; i < tries; ++i) {
    const auto before = now(CLOCK_MONOTONIC);
    const auto system = now(CLOCK_REALTIME);
    const auto after = now(CLOCK_MONOTONIC);
    best.now = MonotonicTime{after};
    if (after - before >= best_span) continue;
    best_span = after - before;
    best.difference = {system - after, system - before};
  }
  return best;
}

}  // namespace ntsbox::lab
