#include "driver/core/sock_wire.h"

#include <cstdint>
#include <cstring>

namespace ntsbox::driver {
namespace {

constexpr std::int32_t magic = 0x534f434b;  // "SOCK"

/// The offset in seconds, as a double that gives back the same nanoseconds when chronyd adds it to
/// tv.
double offset_in_seconds(nanoseconds offset, std::chrono::microseconds tv_fraction) {
  // chronyd cuts the sum of the fractions to whole nanoseconds, toward zero (chrony util.c,
  // UTI_AddDoubleToTimespec); a quarter of one keeps the rounding of the double off that edge.
  constexpr double guard = 0.25e-9;
  const auto sum = tv_fraction + offset % 1s;
  return static_cast<double>(offset.count()) * 1e-9 + (sum >= 0ns ? guard : -guard);
}

}  // namespace

SockDatagram encode(const Sample& sample, SockAbi abi) {
  const auto since_epoch = sample.stamp.time_since_epoch();
  const auto second = std::chrono::floor<seconds>(since_epoch);
  const std::int64_t tv_sec = second.count();
  const auto fraction = std::chrono::floor<std::chrono::microseconds>(since_epoch - second);
  const std::int64_t tv_usec = fraction.count();

  SockDatagram datagram;
  const auto put = [&datagram](auto value) {
    std::memcpy(datagram.bytes_.data() + datagram.size_, &value, sizeof value);
    datagram.size_ += sizeof value;
  };
  if (abi == SockAbi::time64) {
    put(tv_sec);
    put(tv_usec);
  } else {
    put(static_cast<std::int32_t>(tv_sec));
    put(static_cast<std::int32_t>(tv_usec));
  }
  put(offset_in_seconds(sample.sent_offset(), fraction));
  put(std::int32_t{0});  // pulse
  put(std::int32_t{0});  // leap
  put(std::int32_t{0});  // padding
  put(magic);
  return datagram;
}

}  // namespace ntsbox::driver
