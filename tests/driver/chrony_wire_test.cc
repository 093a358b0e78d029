// What chronyd gets: the datagram, byte by byte, and what chronyd makes of it; and the shared
// memory, field by field.

#include "driver/core/chrony_wire.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

Sample sample_of(nanoseconds stamp, nanoseconds offset, nanoseconds correction = 0ns) {
  return {SystemTime{stamp}, UtcSecond{}, offset, correction};
}

std::string hex(const SockDatagram& datagram) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const auto byte : datagram.bytes()) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

template <class T>
T at(const SockDatagram& datagram, std::size_t place) {
  T value;
  std::memcpy(&value, datagram.bytes().data() + place, sizeof value);
  return value;
}

/// What a chronyd of `abi` takes for true time at the stamp (chrony refclock_sock.c, read_sample;
/// util.c, UTI_AddDoubleToTimespec): whole nanoseconds, cut toward zero.
nanoseconds true_time_as_chronyd_sees_it(const SockDatagram& datagram, SockAbi abi) {
  const bool wide = abi == SockAbi::time64;
  const std::int64_t tv_sec = wide ? at<std::int64_t>(datagram, 0) : at<std::int32_t>(datagram, 0);
  const std::int64_t tv_usec = wide ? at<std::int64_t>(datagram, 8) : at<std::int32_t>(datagram, 4);
  const double offset = at<double>(datagram, wide ? 16 : 8);
  const auto whole = static_cast<std::int64_t>(offset);
  const double fraction = offset - static_cast<double>(whole);
  const auto ns = static_cast<std::int64_t>(static_cast<double>(tv_usec * 1000) + 1.0e9 * fraction);
  return seconds{tv_sec + whole} + nanoseconds{ns};
}

}  // namespace

TEST_CASE("the datagram is chronyd's struct sock_sample, byte by byte", "[driver][sock-wire]") {
  // 1795341600.000001234, half a second slow, so that the double is short.
  const auto sample = sample_of(1795341600s + 1234ns, 500ms);
  if constexpr (std::endian::native == std::endian::little) {
    // tv_sec, tv_usec, offset (0.5 and the guard of a quarter nanosecond), pulse, leap, padding,
    // "SOCK".
    CHECK(hex(encode(sample, SockAbi::time64)) ==
          "20bd026b00000000"
          "0100000000000000"
          "185c22000000e03f"
          "00000000"
          "00000000"
          "00000000"
          "4b434f53");
    CHECK(hex(encode(sample, SockAbi::time32)) ==
          "20bd026b"
          "01000000"
          "185c22000000e03f"
          "00000000"
          "00000000"
          "00000000"
          "4b434f53");
  }
  CHECK(encode(sample, SockAbi::time64).bytes().size() == 40);
  CHECK(encode(sample, SockAbi::time32).bytes().size() == 32);
  CHECK(encode(sample).bytes().size() == (sizeof(std::time_t) == 8 ? 40 : 32));
}

TEST_CASE("the stamp is rounded down, so that it is never in the future", "[driver][sock-wire]") {
  const auto datagram = encode(sample_of(10s + 999'999ns, 0ns), SockAbi::time64);
  CHECK(at<std::int64_t>(datagram, 0) == 10);
  CHECK(at<std::int64_t>(datagram, 8) == 999);
  // Before 1970 as well.
  const auto early = encode(sample_of(-1ns, 0ns), SockAbi::time64);
  CHECK(at<std::int64_t>(early, 0) == -1);
  CHECK(at<std::int64_t>(early, 8) == 999'999);
}

TEST_CASE("the correction is added to the offset", "[driver][sock-wire]") {
  const auto corrected = encode(sample_of(10s, 1000ns, 50ns), SockAbi::time64);
  CHECK(std::abs(at<double>(corrected, 16) - 1050.25e-9) < 1e-18);
}

TEST_CASE("pulse and leap are zero always", "[driver][sock-wire]") {
  const auto datagram = encode(sample_of(1798761599s, -7ns), SockAbi::time64);
  CHECK(at<std::int32_t>(datagram, 24) == 0);
  CHECK(at<std::int32_t>(datagram, 28) == 0);
}

TEST_CASE("chronyd gets back every nanosecond of the offset", "[driver][sock-wire]") {
  std::mt19937_64 random{1};
  for (const auto range : {100us, 900'000us}) {
    std::uniform_int_distribution<std::int64_t> offsets{-nanoseconds{range}.count(),
                                                        nanoseconds{range}.count()};
    std::uniform_int_distribution<std::int64_t> fractions{0, 999'999'999};
    for (int i = 0; i < 100'000; ++i) {
      const nanoseconds stamp = 1795341600s + nanoseconds{fractions(random)};
      const nanoseconds offset{offsets(random)};
      // chronyd takes the offset against the cut stamp: the part below a microsecond is gone from
      // both.
      const auto cut = stamp - std::chrono::floor<std::chrono::microseconds>(stamp);
      for (const auto abi : {SockAbi::time64, SockAbi::time32}) {
        const auto seen = true_time_as_chronyd_sees_it(encode(sample_of(stamp, offset), abi), abi);
        if (seen != stamp - cut + offset) {
          CAPTURE(stamp.count(), offset.count(), static_cast<int>(abi));
          REQUIRE(seen == stamp - cut + offset);
        }
      }
    }
  }
}

TEST_CASE("a clock that is decades off gets its offset as exactly as a double can",
          "[driver][sock-wire]") {
  const nanoseconds offset = 1795341600s + 250ms;
  const auto seen = true_time_as_chronyd_sees_it(encode(sample_of(3s, offset)), native_sock_abi());
  CHECK(std::abs((seen - (3s + offset)).count()) < 250);
}

TEST_CASE("a sample in shared memory is whole, counted and valid", "[driver][shm-wire]") {
  ShmTime segment{};
  segment.leap = 3;
  segment.count = 40;
  const UtcSecond second{1795341600s};
  write_sample(segment, {SystemTime{1795341600s + 123'456'789ns}, second, -123'456'789ns, 2999ns});
  CHECK(segment.mode == 1);
  CHECK(segment.count == 42);  // once before and once after: a reader that raced with it sees that
  CHECK(segment.valid == 1);
  CHECK(segment.leap == 0);
  CHECK(segment.precision == -20);  // 2^-20 s is about a microsecond
  CHECK(segment.receive_sec == 1795341600);
  CHECK(segment.receive_usec == 123'456);
  CHECK(segment.receive_nsec == 123'456'789);
  CHECK(segment.clock_sec == 1795341600);
  CHECK(segment.clock_usec == 2);
  CHECK(segment.clock_nsec == 2999);
}

TEST_CASE("a time before 1970 in shared memory has its fraction after its second",
          "[driver][shm-wire]") {
  ShmTime segment{};
  write_sample(segment, {SystemTime{-1ns}, UtcSecond{-1s}, -999'999'999ns, 0ns});
  CHECK(segment.receive_sec == -1);
  CHECK(segment.receive_nsec == 999'999'999);
  CHECK(segment.receive_usec == 999'999);
  CHECK(segment.clock_sec == -1);
  CHECK(segment.clock_nsec == 0);
}
