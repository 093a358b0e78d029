// A sample in shared memory, field by field.

#include "driver/core/chrony_wire.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

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
