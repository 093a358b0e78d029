#include "pps/core/statistics.h"

#include <cmath>
#include <functional>
#include <random>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::pps;

namespace {

std::vector<Phase> phases(int count, const std::function<double(int)>& ns) {
  std::vector<Phase> all;
  all.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) all.push_back({i, nanoseconds{std::llround(ns(i))}});
  return all;
}

/// By how many powers of tau the deviation grows from `from` to `to`.
double slope(const std::vector<Instability>& all, std::size_t from, std::size_t to) {
  return std::log(all[to].allan_deviation / all[from].allan_deviation) /
         std::log(static_cast<double>(all[to].tau) / static_cast<double>(all[from].tau));
}

}  // namespace

TEST_CASE("quantiles are of the values, by the nearest rank", "[pps][statistics]") {
  std::vector<nanoseconds> values;
  for (int i = 200; i > 0; --i) values.push_back(nanoseconds{i});
  const auto summary = summary_of(values);
  REQUIRE(summary);
  CHECK(summary->count == 200);
  CHECK(summary->least == 1ns);
  CHECK(summary->percent_1 == 2ns);
  CHECK(summary->median == 100ns);
  CHECK(summary->percent_99 == 198ns);
  CHECK(summary->most == 200ns);
  CHECK(summary->mean == Approx(100.5));
  CHECK(summary->deviation == Approx(57.879185));  // sqrt(200 * 201 / 12)
}

TEST_CASE("one value is all of its quantiles, and no value has any", "[pps][statistics]") {
  const auto summary = summary_of({-7ns});
  REQUIRE(summary);
  CHECK(summary->least == -7ns);
  CHECK(summary->percent_99 == -7ns);
  CHECK(summary->deviation == 0);
  CHECK_FALSE(summary_of({}));
}

TEST_CASE("a small scatter about a large value is exact", "[pps][statistics]") {
  const auto summary = summary_of({400'000'000ns, 400'000'001ns, 400'000'002ns});
  CHECK(summary->mean == 400'000'001.0);
  CHECK(summary->deviation == 1.0);
}

TEST_CASE("the Allan deviation of a published set of phases", "[pps][statistics]") {
  // NIST SP 1065, table 31: nine values of frequency, of which the (non-overlapping) deviation at
  // 1 is 91.22945, and at 2 is 115.8082; at 1 the overlapping one is the same.
  const std::vector<double> frequencies{892, 809, 823, 798, 671, 644, 883, 903, 677};
  std::vector<Phase> all(1);
  Phase next;
  for (const double y : frequencies) {
    ++next.second;
    next.value += nanoseconds{std::llround(y * 1000)};  // as 1e-6
    all.push_back(next);
  }
  const auto found = allan_deviations(all);
  REQUIRE(found.size() == 2);
  CHECK(found[0].tau == 1);
  CHECK(found[0].terms == 8);
  CHECK(found[0].allan_deviation == Approx(91.22945e-6).epsilon(1e-6));
  CHECK(found[1].tau == 2);
  CHECK(found[1].terms == 6);
  CHECK(found[1].allan_deviation == Approx(85.95287e-6).epsilon(1e-6));  // the overlapping one
}

TEST_CASE("a constant phase and a constant frequency have no instability", "[pps][statistics]") {
  for (const double per_second : {0.0, 37.0, -2500.0}) {
    const auto found = allan_deviations(phases(100, [=](int i) { return 250 + per_second * i; }));
    CHECK(found.size() == 6);
    for (const auto& one : found) CHECK(one.allan_deviation == 0);
  }
}

TEST_CASE("white phase noise falls with tau, white frequency noise with its root",
          "[pps][statistics]") {
  std::mt19937_64 random{7};
  std::normal_distribution<double> noise{0, 1000};
  const auto white = allan_deviations(phases(20'000, [&](int) { return noise(random); }));
  REQUIRE(white.size() > 6);
  CHECK(slope(white, 0, 5) == Approx(-1).margin(0.03));
  // sqrt(3) times the phase's deviation, over tau
  CHECK(white[0].allan_deviation == Approx(std::sqrt(3.0) * 1e-6).epsilon(0.03));

  double walk = 0;
  const auto walking = allan_deviations(phases(20'000, [&](int) { return walk += noise(random); }));
  CHECK(slope(walking, 0, 5) == Approx(-0.5).margin(0.03));
  CHECK(walking[0].allan_deviation == Approx(1e-6).epsilon(0.03));
}

TEST_CASE("a gap is left out and not bridged", "[pps][statistics]") {
  // The phase jumps where nobody looked: a bridge would see it.
  auto all = phases(40, [](int i) { return i < 20 ? 0 : 1e6; });
  all.erase(all.begin() + 19, all.begin() + 21);
  const auto found = allan_deviations(all);
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].tau == 1);
  CHECK(found[0].allan_deviation == 0);
  CHECK(found[0].terms == 34);
}

TEST_CASE("too few phases have no Allan deviation", "[pps][statistics]") {
  CHECK(allan_deviations({}).empty());
  CHECK(allan_deviations(phases(5, [](int) { return 0; })).empty());
  CHECK(allan_deviations(phases(6, [](int) { return 0; })).size() == 1);
}

TEST_CASE("a histogram holds each value once, in bins of one width", "[pps][statistics]") {
  std::vector<nanoseconds> values;
  for (int i = -50; i < 1000; ++i) values.push_back(nanoseconds{i * i % 997});
  for (const std::size_t bins : {std::size_t{1}, std::size_t{7}, std::size_t{15}}) {
    const auto all = histogram(values, bins);
    CHECK(all.size() <= bins);
    std::size_t sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      sum += all[i].count;
      CHECK(all[i].to - all[i].from == all[0].to - all[0].from);
      if (i > 0) CHECK(all[i].from == all[i - 1].to);
    }
    CHECK(sum == values.size());
  }
  CHECK(histogram({}, 15).empty());
  const std::vector<nanoseconds> same(3, 250us);
  REQUIRE(histogram(same, 15).size() == 1);
  CHECK(histogram(same, 15)[0].count == 3);
}
