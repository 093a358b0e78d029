#include <algorithm>
#include <vector>

#include "pps/core/statistics.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::pps;

namespace {

constexpr seconds ten_o_clock{1'795'341'600};

SystemTime at(nanoseconds since) {
  return SystemTime{ten_o_clock + since};
}

/// A pulse each second, each off by `shift`, without those of `left_out`.
std::vector<SystemTime> pulses(int count, nanoseconds shift = 0ns,
                               const std::vector<int>& left_out = {}) {
  std::vector<SystemTime> all;
  for (int i = 0; i < count; ++i)
    if (std::find(left_out.begin(), left_out.end(), i) == left_out.end())
      all.push_back(at(seconds{i} + shift));
  return all;
}

Comparison compared(const std::vector<SystemTime>& a, const std::vector<SystemTime>& b) {
  return compare(a, b, {at(-10s), at(1000s)});
}

}  // namespace

TEST_CASE("a constant difference is told exactly, with its sign", "[pps][pairing]") {
  for (const auto shift : {0ns, 1ns, 250'000ns, 499'999'999ns, -1ns, -499'999'999ns}) {
    const auto found = compared(pulses(5), pulses(5, shift));
    REQUIRE(found.phases.size() == 5);
    for (int i = 0; i < 5; ++i) CHECK(found.phases[static_cast<std::size_t>(i)] == Phase{i, shift});
    CHECK(found.a == Tally{5, 0, 0});
    CHECK(found.b == Tally{5, 0, 0});
    CHECK(found.silent == 0);
  }
}

TEST_CASE("half a second apart is no pair", "[pps][pairing]") {
  const auto found = compared(pulses(5), pulses(5, 500ms));
  CHECK(found.phases.empty());
  CHECK(found.a == Tally{5, 5, 0});
  CHECK(found.b == Tally{5, 5, 0});
}

TEST_CASE("what one source has not is missing there, and the seconds keep count",
          "[pps][pairing]") {
  const auto found = compared(pulses(10, 0s, {3, 4}), pulses(10, 1us, {7}));
  CHECK(found.a == Tally{8, 2, 0});
  CHECK(found.b == Tally{9, 1, 0});
  CHECK(found.silent == 0);
  std::vector<std::int64_t> numbers;
  for (const auto& phase : found.phases) {
    numbers.push_back(phase.second);
    CHECK(phase.value == 1us);
  }
  CHECK(numbers == std::vector<std::int64_t>{0, 1, 2, 5, 6, 8, 9});
}

TEST_CASE("what neither has is counted as silence", "[pps][pairing]") {
  const auto found = compared(pulses(10, 0s, {3, 4, 5}), pulses(10, 1us, {4, 5}));
  CHECK(found.a == Tally{7, 1, 0});
  CHECK(found.b == Tally{8, 0, 0});
  CHECK(found.silent == 2);
}

TEST_CASE("a pulse beside another one is extra, and takes nobody's partner", "[pps][pairing]") {
  auto a = pulses(5);
  a.insert(a.begin() + 2, at(1s + 100ms));
  const auto found = compared(a, pulses(5, 2us));
  CHECK(found.phases.size() == 5);
  CHECK(found.a == Tally{6, 0, 1});
  CHECK(found.b == Tally{5, 0, 0});
}

TEST_CASE("a stamp that goes back is extra", "[pps][pairing]") {
  auto a = pulses(5);
  a.insert(a.begin() + 3, at(1s));
  const auto found = compared(a, pulses(5));
  CHECK(found.phases.size() == 5);
  CHECK(found.a == Tally{6, 0, 1});
}

TEST_CASE("nobody misses a pulse whose partner nobody listened for", "[pps][pairing]") {
  // B was opened late, and its last partner had not come yet.
  const auto found = compare(pulses(5), pulses(3, 1us, {0}), {at(500ms + 1ns), at(4s + 100ms)});
  CHECK(found.a == Tally{5, 0, 0});
  CHECK(found.b == Tally{2, 1, 0});  // that of the fourth second
  CHECK(found.phases.size() == 2);
}

TEST_CASE("a source that runs fast keeps count of its seconds", "[pps][pairing]") {
  // 3 % fast: after fifty pulses it has gained one second and a half.
  std::vector<SystemTime> a;
  a.reserve(60);
  for (int i = 0; i < 60; ++i) a.push_back(at(i * 970ms));
  const auto found = compared(a, a);
  REQUIRE(found.phases.size() == 60);
  CHECK(found.phases.back().second == 59);
}

TEST_CASE("two sources of nothing have nothing in common", "[pps][pairing]") {
  const auto found = compared({}, {});
  CHECK(found.phases.empty());
  CHECK(found.a == Tally{});
  CHECK(found.silent == 0);
}
