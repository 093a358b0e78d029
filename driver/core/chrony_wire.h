#pragma once
// What chronyd's refclocks SOCK and SHM take, and what a failure to send it means.

#include <array>
#include <cstddef>
#include <ctime>
#include <span>
#include <string>

#include "driver/core/decision.h"
#include "driver/core/settings.h"

namespace ntsbox::driver {

/// The width of time_t in the chronyd that listens: the datagram starts with its struct timeval.
enum class SockAbi { time32, time64 };

/// The ABI of this build, which is that of the chronyd of the same distribution.
[[nodiscard]] constexpr SockAbi native_sock_abi() {
  return sizeof(std::time_t) == 4 ? SockAbi::time32 : SockAbi::time64;
}

/// The datagram that the SOCK refclock takes (chrony refclock_sock.c, struct sock_sample).
/// 40 bytes, or 32 where time_t is 32 bits wide; host byte order.
class SockDatagram {
 public:
  [[nodiscard]] std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }

 private:
  friend SockDatagram encode(const Sample& sample, SockAbi abi);
  std::array<std::byte, 40> bytes_{};
  std::size_t size_ = 0;
};

/// The stamp loses its sub-microsecond part (timeval), rounded down so that it is never in the
/// future; the offset does not: it is taken against the whole stamp. pulse = 0 (with 1 chronyd
/// reads the sign the other way), leap = 0 always (chronyd knows leap seconds from its own table).
[[nodiscard]] SockDatagram encode(const Sample& sample, SockAbi abi = native_sock_abi());

/// The shared memory segment of the SHM refclock (chrony refclock_shm.c, struct shmTime), in the
/// ABI of this build.
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

/// One line for the errno `code` that a send to `sink` gave: what is wrong and the cure.
[[nodiscard]] std::string describe_sink_failure(const ChronySink& sink, int code);

}  // namespace ntsbox::driver
