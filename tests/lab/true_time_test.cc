#include "lab/core/true_time.h"

#include "lab/core/serial_line.h"
#include "lab/core/truth.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::lab;

namespace {
constexpr MonotonicTime start{5000s};
}

TEST_CASE("an instant of true time is found again", "[lab][true-time]") {
  const double drift = GENERATE(0.0, 12.5, -100'000.0, 100'000.0);
  const TrueTime truth{start, 1'795'000'000s + 1ns, 5ms, drift};
  for (nanoseconds after = 0s; after < 40'000'000s; after += 1'234'567s + 89ns) {
    const auto when = truth.when(truth.at(start + after));
    CHECK(std::chrono::abs(when - (start + after)) <= 1ns);
  }
}

TEST_CASE("true time runs ahead of the system clock by the offset and the drift",
          "[lab][true-time]") {
  const TrueTime truth{start, 1'795'000'000s, 5ms, 10};
  CHECK(truth.at(start) == UtcTime{1'795'005'000s + 5ms});
  CHECK(truth.at(start + 1000s) == UtcTime{1'795'006'000s + 5ms + 10ms});
}

TEST_CASE("a jump that would leave the calendar is held", "[lab][true-time]") {
  TrueTime truth{start, 0s, 0s, 0};
  for (int i = 0; i < 100; ++i) truth.jump(3'000'000'000s);
  CHECK(truth.at(start) == UtcTime{5000s + TrueTime::largest_offset});
  for (int i = 0; i < 100; ++i) truth.jump(-3'000'000'000s);
  CHECK(truth.at(start) == UtcTime{5000s - TrueTime::largest_offset});
}

TEST_CASE("a step of the system clock is followed, and its reading's noise is not",
          "[lab][true-time]") {
  CHECK(followed(1000s, {1000s - 100ns, 1000s + 100ns}) == 1000s);
  CHECK(followed(1000s, {1000s + 900ns, 1000s + 1100ns}) == 1000s);
  CHECK(followed(1000s, {1001s, 1001s + 200ns}) == 1001s);
  CHECK(followed(1000s, {999s, 999s + 200ns}) == 999s);
}

TEST_CASE("a pulse line is a stamp and a sequence, a truth line tells what they mean",
          "[lab][truth]") {
  const StampedEdge edge{UtcSecond{1'795'341'600s}, SystemTime{1'795'341'599s + 995ms}, 812};
  CHECK(pulse_line(edge) == "1795341599.995000000 812\n");
  CHECK(truth_line(edge) ==
        "{\"second\":1795341600,\"stamp\":\"1795341599.995000000\",\"sequence\":812,"
        "\"offset_ns\":5000000}\n");
}

TEST_CASE("bytes arrive as fast as the line carries them", "[lab][serial]") {
  SerialLine line{9600};
  line.send("0123456789", start);
  CHECK(line.take(start).empty());
  const auto byte = nanoseconds{1s} / 960;
  CHECK(line.take(start + byte) == "0");
  CHECK(line.take(start + byte * 4) == "123");
  CHECK(line.next() == start + byte * 10);
  CHECK(line.take(start + 1s) == "456789");
  CHECK_FALSE(line.next());
}

TEST_CASE("a line without a speed carries all at once", "[lab][serial]") {
  SerialLine line{0};
  line.send("0123456789", start);
  CHECK(line.next() == start);
  CHECK(line.take(start) == "0123456789");
}

TEST_CASE("a sentence waits for the one before it, and is lost when too many wait",
          "[lab][serial]") {
  SerialLine line{9600};
  line.send("first ", start);
  line.send("second", start + 1ms);
  CHECK(line.take(start + 1s) == "first second");
  line.send(std::string(4000, 'a'), start + 2s);
  line.send(std::string(100, 'b'), start + 2s);
  CHECK(line.take(start + 60s) == std::string(4000, 'a'));
  line.send("c", start + 61s);
  line.clear();
  CHECK(line.take(start + 62s).empty());
}
