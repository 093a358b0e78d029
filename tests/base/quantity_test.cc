#include "base/quantity.h"

#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("a size has two digits or three") {
  CHECK(size_of(0ns) == "0 ns");
  CHECK(size_of(-999ns) == "999 ns");
  CHECK(size_of(1us) == "1.0 us");
  CHECK(size_of(3149ns) == "3.1 us");
  CHECK(size_of(9990ns) == "10 us");
  CHECK(size_of(11'499ns) == "11 us");
  CHECK(size_of(1500ms) == "1.5 s");
  CHECK(signed_size_of(-2ms) == "-2.0 ms");
  CHECK(signed_size_of(2ms) == "+2.0 ms");
  CHECK_FALSE(size_of(nanoseconds::min()).empty());
}

TEST_CASE("a bound is never told smaller than it is") {
  CHECK(at_most(3101ns) == "3.2 us");
  CHECK(at_most(11'001ns) == "12 us");
  CHECK(at_most(2ms) == "2.0 ms");
}

TEST_CASE("a span has two units at most") {
  CHECK(span_of(seconds{0}) == "0 s");
  CHECK(span_of(seconds{119}) == "119 s");
  CHECK(span_of(seconds{120}) == "2 min");
  CHECK(span_of(3h) == "3 h 0 min");
  CHECK(span_of(std::chrono::days{3} + 5h) == "3 d 5 h");
  CHECK(span_of(std::chrono::days{3650}) == "3650 d");
}
