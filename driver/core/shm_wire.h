#pragma once
// The shared memory segment of ntpd's and chronyd's SHM refclock (chrony refclock_shm.c, struct
// shmTime).

#include <ctime>

#include "driver/core/decision.h"

namespace ntsbox::driver {

/// Laid out as chronyd lays it out: in the ABI of this build.
struct ShmTime {
  int mode;  // 1: count is odd while the writer is at work
  volatile int count;
  std::time_t clock_sec;  // true time
  int clock_usec;
  std::time_t receive_sec;  // system time
  int receive_usec;
  int leap;
  int precision;
  int nsamples;
  volatile int valid;
  unsigned clock_nsec;  // whole nanoseconds of the second; /1000 is clock_usec
  unsigned receive_nsec;
  int dummy[8];
};

/// The key of a unit: "NTP" and the unit's number (chrony refclock_shm.c, SHMKEY).
[[nodiscard]] constexpr int shm_key(int unit) {
  return 0x4e545030 + unit;
}

/// Writes `sample` by the mode-1 protocol with its barriers, so that a reader that races with it
/// sees the old sample, the new one, or none.
void write_sample(ShmTime& segment, const Sample& sample);

}  // namespace ntsbox::driver
