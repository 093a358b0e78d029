#include "driver/core/jitter.h"

#include <random>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr std::int64_t ten_o_clock = 1795341600;

Sample sample(std::int64_t second, nanoseconds offset) {
  return {SystemTime{seconds{second} - offset}, UtcSecond{seconds{second}}, offset, {}};
}

std::uint64_t sum(const Jitter::Histogram& histogram) {
  std::uint64_t all = 0;
  for (const auto count : histogram) all += count;
  return all;
}

}  // namespace

TEST_CASE("a clock that drifts is no jitter") {
  Jitter jitter;
  for (std::int64_t i = 0; i < 50; ++i) jitter.take(sample(ten_o_clock + i, 20us * i));
  CHECK(jitter.total()[0] == 48);
  CHECK(sum(jitter.total()) == 48);
}

TEST_CASE("a pulse is as far off as it lies from the middle between its neighbours") {
  Jitter jitter;
  for (const auto& [second, offset] : {std::pair{0, 0ns}, {1, 2000ns}, {2, 0ns}})
    jitter.take(sample(ten_o_clock + second, offset));
  CHECK(jitter.total()[3] == 1);  // 2 us
  CHECK(Jitter::below(3) == "3us");
  CHECK(sum(jitter.total()) == 1);
}

TEST_CASE("each bin holds what is less than its name, from the name before it on") {
  struct Case {
    nanoseconds off;
    const char* bin;
  };

  const auto one = GENERATE(
      Case{0ns, "100ns"}, Case{99ns, "100ns"}, Case{100ns, "300ns"}, Case{299ns, "300ns"},
      Case{300ns, "1us"}, Case{999ns, "1us"}, Case{1us, "3us"}, Case{2999ns, "3us"},
      Case{3us, "10us"}, Case{9999ns, "10us"}, Case{10us, "30us"}, Case{29'999ns, "30us"},
      Case{30us, "100us"}, Case{99'999ns, "100us"}, Case{100us, "300us"}, Case{299'999ns, "300us"},
      Case{300us, "1ms"}, Case{999'999ns, "1ms"}, Case{1ms, "more"}, Case{9'999'999ns, "more"});
  for (const int sign : {1, -1}) {
    Jitter jitter;
    CHECK_FALSE(jitter.take(sample(ten_o_clock, 0ns)));
    CHECK_FALSE(jitter.take(sample(ten_o_clock + 1, sign * one.off)));
    CHECK(jitter.take(sample(ten_o_clock + 2, 0ns)) == one.off);
    CAPTURE(one.bin);
    for (std::size_t bin = 0; bin < Jitter::bin_count; ++bin) {
      CHECK(jitter.total()[bin] == (Jitter::below(bin) == one.bin ? 1 : 0));
      CHECK(jitter.recent()[bin] == jitter.total()[bin]);
    }
  }
}

TEST_CASE("ten milliseconds off are a step of the clock, and are not counted") {
  Jitter jitter;
  for (const auto& [second, offset] : {std::pair{0, 0ns}, {1, nanoseconds{10ms}}})
    jitter.take(sample(ten_o_clock + second, offset));
  CHECK_FALSE(jitter.take(sample(ten_o_clock + 2, 0ns)));
  CHECK(sum(jitter.total()) == 0);
}

TEST_CASE("a second without a sample is not bridged") {
  Jitter jitter;
  for (const std::int64_t second : {0, 1, 3, 4, 6}) jitter.take(sample(ten_o_clock + second, 1us));
  CHECK(sum(jitter.total()) == 0);
}

TEST_CASE("a step of the clock is no jitter") {
  Jitter jitter;
  for (std::int64_t i = 0; i < 10; ++i)
    jitter.take(sample(ten_o_clock + i, i < 5 ? nanoseconds{0} : nanoseconds{1h}));
  CHECK(sum(jitter.total()) == 6);
  CHECK(jitter.total()[0] == 6);
  jitter.take(sample(ten_o_clock + 10, seconds{std::int64_t{1} << 32}));
  jitter.take(sample(ten_o_clock + 11, -seconds{std::int64_t{1} << 32}));
  CHECK(sum(jitter.total()) == 6);
}

TEST_CASE("the recent ones are the last thousand") {
  Jitter jitter;
  std::mt19937 random{7};
  for (std::int64_t i = 0; i < 5000; ++i)
    jitter.take(sample(ten_o_clock + i, nanoseconds{i < 3000 ? random() % 100'000 : 0}));
  CHECK(sum(jitter.total()) == 4998);
  CHECK(sum(jitter.recent()) == 1000);
  CHECK(jitter.recent()[0] == 1000);
}
