#include <algorithm>
#include <vector>

#include "pps/core/report.h"
#include "pps/core/statistics.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::pps;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr seconds ten_o_clock{1'795'341'600};

struct Loop {
  std::vector<Edge> edges;
  std::vector<SystemTime> stamps;
};

/// Pulses that took `took` to make, the edge in the middle of that, and came back `late` later.
Loop loop(const std::vector<nanoseconds>& late, nanoseconds took) {
  Loop all;
  for (std::size_t i = 0; i < late.size(); ++i) {
    const SystemTime edge{ten_o_clock + seconds{i} + 3us};
    all.edges.push_back({edge - took / 2, edge + took / 2});
    all.stamps.push_back(edge + late[i]);
  }
  return all;
}

std::optional<LoopbackLatency> measured(const Loop& all) {
  return latency_of(all.edges, all.stamps);
}

}  // namespace

TEST_CASE("a constant latency is exact, within the time to set the line", "[pps][loopback]") {
  const auto found = measured(loop(std::vector<nanoseconds>(20, 5200ns), 1400ns));
  REQUIRE(found);
  CHECK(found->returned == 20);
  CHECK(found->usual == 5200ns);
  CHECK(found->earliest == 5200ns);
  CHECK(found->uncertainty == 700ns);
  CHECK(chrony_delay(*found, true) == Approx(1.4e-6));
  CHECK(chrony_delay(*found, false) == Approx(11.8e-6));
}

TEST_CASE("rare late pulses move the usual latency by nothing, and its uncertainty by little",
          "[pps][loopback]") {
  std::vector<nanoseconds> late(100, 5us);
  for (std::size_t i = 0; i < 100; i += 10) late[i] = 300us;
  for (std::size_t i = 1; i < 100; i += 2) late[i] += 100ns;
  const auto found = measured(loop(late, 0ns));
  REQUIRE(found);
  CHECK(found->usual == 5100ns);
  CHECK(found->earliest == 5us);
  CHECK(found->percent_99 == 300us);
  CHECK(found->uncertainty <= 10ns);
}

TEST_CASE("pulses that did not come back do not shift the others", "[pps][loopback]") {
  auto all = loop(std::vector<nanoseconds>(20, 5us), 0ns);
  all.stamps.erase(all.stamps.begin() + 4, all.stamps.begin() + 7);
  const auto found = measured(all);
  REQUIRE(found);
  CHECK(found->returned == 17);
  CHECK(found->usual == 5us);
}

TEST_CASE("few pulses are no measurement", "[pps][loopback]") {
  CHECK(measured(loop(std::vector<nanoseconds>(10, 5us), 0ns)));
  CHECK_FALSE(measured(loop(std::vector<nanoseconds>(9, 5us), 0ns)));
}

TEST_CASE("the other edge is no latency", "[pps][loopback]") {
  CHECK(is_plausible(*measured(loop(std::vector<nanoseconds>(20, 1ms), 0ns))));
  const auto other = measured(loop(std::vector<nanoseconds>(20, 100ms), 0ns));
  REQUIRE(other);
  CHECK_FALSE(is_plausible(*other));
  const LoopbackReport report{{}, "/dev/pps0", other};
  CHECK_THAT(in_words(report), ContainsSubstring("the other edge"));
  CHECK_THAT(in_words(report), !ContainsSubstring("latency_ns"));
}

TEST_CASE("what is to be pasted is what the settings take", "[pps][loopback]") {
  const LoopbackReport late{{}, "/dev/pps0", LoopbackLatency{60, 5200ns, 4900ns, 9us, 250ns}};
  const auto words = in_words(late);
  CHECK_THAT(words, ContainsSubstring(
                        "\nlatency_ns = 5200    # with lateness = \"line\" or \"auto\": 4900\n"));
  CHECK_THAT(words, ContainsSubstring("\nlatency_uncertainty_ns = 250\n"));
  CHECK_THAT(words, ContainsSubstring("\ndelay 5.0e-07    # without latency_ns: 1.1e-05\n"));
  // A clock that was slewed meanwhile may show echoes before their pulses.
  const LoopbackReport early{{}, "/dev/pps0", LoopbackLatency{60, -20ns, -30ns, 9us, 250ns}};
  CHECK_THAT(in_words(early), ContainsSubstring("\nlatency_ns = 0 "));
}

TEST_CASE("the earliest are a twentieth of the echoes, as the driver's line has them",
          "[pps][loopback]") {
  std::vector<nanoseconds> late;
  for (int i = 0; i <= 100; ++i) late.push_back(i * 100ns);
  const auto found = measured(loop(late, 0ns));
  REQUIRE(found);
  CHECK(found->earliest == 500ns);
}
