#pragma once
// A time as the kernel takes it.

#include <ctime>

#include "base/time.h"

namespace ntsbox {

/// Of a span since the clock's epoch. Its words are those of the machine: a time_t of 32 bits ends
/// in 2038, as the clock that is asked does.
[[nodiscard]] inline timespec timespec_of(nanoseconds span) {
  const auto whole = std::chrono::floor<seconds>(span);
  timespec time{};
  time.tv_sec = static_cast<std::time_t>(whole.count());
  time.tv_nsec = static_cast<decltype(time.tv_nsec)>((span - whole).count());
  return time;
}

}  // namespace ntsbox
