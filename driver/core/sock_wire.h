#pragma once
// The datagram that chronyd's SOCK refclock takes (chrony refclock_sock.c, struct sock_sample).

#include <array>
#include <cstddef>
#include <span>

#include "driver/core/decision.h"

namespace ntsbox::driver {

/// The width of time_t in the chronyd that listens: the datagram starts with its struct timeval.
enum class SockAbi { time32, time64 };

/// The ABI of this build, which is that of the chronyd of the same distribution.
[[nodiscard]] constexpr SockAbi native_sock_abi() {
  return sizeof(std::time_t) == 4 ? SockAbi::time32 : SockAbi::time64;
}

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

}  // namespace ntsbox::driver
