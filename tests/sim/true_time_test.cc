#include "sim/core/true_time.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::sim;

namespace {
constexpr MonotonicTime start{5000s};
}

TEST_CASE("the instant of a true time is its inverse", "[sim][true-time]") {
  const double drift = GENERATE(0.0, 12.5, -100'000.0, 100'000.0);
  const TrueTime truth{start, 1'795'000'000s + 1ns, 5ms, drift};
  for (nanoseconds after = 0s; after < 40'000'000s; after += 1'234'567s + 89ns) {
    const auto when = truth.when(truth.at(start + after));
    CHECK(std::chrono::abs(when - (start + after)) <= 1ns);
  }
}

TEST_CASE("true time runs ahead of the system clock by the offset and the drift",
          "[sim][true-time]") {
  const TrueTime truth{start, 1'795'000'000s, 5ms, 10};
  CHECK(truth.at(start) == UtcTime{1'795'005'000s + 5ms});
  CHECK(truth.at(start + 1000s) == UtcTime{1'795'006'000s + 5ms + 10ms});
}

TEST_CASE("a jump keeps the offset within its bounds", "[sim][true-time]") {
  TrueTime truth{start, 0s, 0s, 0};
  for (int i = 0; i < 100; ++i) truth.jump(3'000'000'000s);
  CHECK(truth.at(start) == UtcTime{5000s + TrueTime::largest_offset});
  for (int i = 0; i < 100; ++i) truth.jump(-3'000'000'000s);
  CHECK(truth.at(start) == UtcTime{5000s - TrueTime::largest_offset});
}

TEST_CASE("a step of the system clock is followed, the noise of its reading is not",
          "[sim][true-time]") {
  CHECK(followed(1000s, {1000s - 100ns, 1000s + 100ns}) == 1000s);
  CHECK(followed(1000s, {1000s + 900ns, 1000s + 1100ns}) == 1000s);
  CHECK(followed(1000s, {1001s, 1001s + 200ns}) == 1001s);
  CHECK(followed(1000s, {999s, 999s + 200ns}) == 999s);
}

TEST_CASE("a pulse line has stamp and sequence, a truth line the second and the offset too",
          "[sim][truth]") {
  const StampedEdge edge{UtcSecond{1'795'341'600s}, SystemTime{1'795'341'599s + 995ms}, 812};
  CHECK(pulse_line(edge.stamp, edge.sequence) == "1795341599.995000000 812\n");
  CHECK(truth_line(edge) ==
        "{\"second\":1795341600,\"stamp\":\"1795341599.995000000\",\"sequence\":812,"
        "\"offset_ns\":5000000}\n");
}
