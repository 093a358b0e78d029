#include "lab/core/receiver.h"

#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::lab;

namespace {

constexpr MonotonicTime start{1000s};
// CLOCK_REALTIME is a third of a second past a whole one at the start.
constexpr nanoseconds system_ahead = 1'795'340'600s + 333'333'333ns;

TrueTime truth_of(nanoseconds offset, double drift_ppm = 0) {
  return {start, system_ahead, offset, drift_ppm};
}

/// Everything that a receiver did until `end`, taken each time it asked to be.
struct Life {
  std::vector<Edge> edges;
  std::vector<Burst> bursts;

  void live(Receiver& receiver, MonotonicTime end) {
    while (receiver.next() <= end) {
      const auto now = receiver.next();
      while (const auto edge = receiver.take_edge(now)) edges.push_back(*edge);
      while (const auto burst = receiver.take_burst(now)) bursts.push_back(*burst);
    }
  }
};

Life lived(Receiver receiver, nanoseconds length) {
  Life life;
  life.live(receiver, start + length);
  return life;
}

/// Of the second field of a burst's first sentence.
std::string clock_of(const Burst& burst) {
  return burst.text.substr(7, 9);
}

}  // namespace

TEST_CASE("each edge comes when its second of true time does", "[lab][receiver]") {
  const auto offset = GENERATE(0ns, 1'234ns, -999'999'999ns, nanoseconds{86'400s} + 5ms);
  const auto life = lived({{}, truth_of(offset), start}, 100s);
  REQUIRE(life.edges.size() == 100);
  std::uint32_t sequence = 0;
  for (const auto& edge : life.edges) {
    // second = system + offset, exactly.
    CHECK(edge.second.time_since_epoch() == edge.when.time_since_epoch() + system_ahead + offset);
    CHECK(edge.sequence == ++sequence);
  }
  CHECK(life.edges.back().second - life.edges.front().second == 99s);
}

TEST_CASE("a drift makes true seconds shorter", "[lab][receiver]") {
  const auto life = lived({{}, truth_of(0ns, 100), start}, 1000s);
  const auto apart = life.edges[900].when - life.edges[0].when;
  CHECK(std::chrono::abs(apart - (900s - 90ms)) < 10us);  // 100 ppm of 900 s, less its own share
}

TEST_CASE("sentences follow their second by the latency, and tell it", "[lab][receiver]") {
  ReceiverOptions options;
  options.latency = 300ms;
  const auto life = lived({options, truth_of(0ns), start}, 10s);
  REQUIRE(life.bursts.size() == 10);
  CHECK(life.bursts[0].start == life.edges[0].when + 300ms);
  CHECK(clock_of(life.bursts[0]) == "100001.00");
  CHECK(clock_of(life.bursts[9]) == "100010.00");
}

TEST_CASE("a faster receiver tells the epochs in between", "[lab][receiver]") {
  ReceiverOptions options;
  options.rate = 5;
  options.latency = 50ms;
  const auto life = lived({options, truth_of(0ns), start}, 3s);
  CHECK(life.edges.size() == 3);
  CHECK(clock_of(life.bursts[1]) == "100001.20");
  CHECK(clock_of(life.bursts[4]) == "100001.80");
  CHECK(clock_of(life.bursts[5]) == "100002.00");
}

TEST_CASE("sentences never come before their second nor out of order, whatever the jitter",
          "[lab][receiver]") {
  ReceiverOptions options;
  options.jitter = 2s;
  const auto life = lived({options, truth_of(0ns), start}, 200s);
  auto before = start;
  REQUIRE(life.bursts.size() > 150);
  for (std::size_t i = 0; i < life.bursts.size(); ++i) {
    CHECK(life.bursts[i].start >= before);
    CHECK(life.bursts[i].start >= life.edges[i].when);
    before = life.bursts[i].start;
  }
}

TEST_CASE("an edge's jitter is an interrupt's, which is never early, unless asked for both ways",
          "[lab][receiver]") {
  ReceiverOptions options;
  options.pulse_jitter = 1us;
  options.pulse_shape = GENERATE(JitterShape::late, JitterShape::gaussian);
  const auto life = lived({options, truth_of(0ns), start}, 300s);
  int early = 0;
  int late = 0;
  for (const auto& edge : life.edges) {
    const auto by = edge.when.time_since_epoch() + system_ahead - edge.second.time_since_epoch();
    CHECK(std::chrono::abs(by) < 10us);
    (by < 0ns ? early : late) += 1;
  }
  CHECK(late > 100);
  CHECK((early > 100) == (options.pulse_shape == JitterShape::gaussian));
}

TEST_CASE("the same seed gives the same life", "[lab][receiver]") {
  ReceiverOptions options;
  options.pulse_jitter = 1us;
  const auto first = lived({options, truth_of(0ns), start}, 20s);
  const auto again = lived({options, truth_of(0ns), start}, 20s);
  options.seed = 2;
  const auto other = lived({options, truth_of(0ns), start}, 20s);
  CHECK(first.edges[7].when == again.edges[7].when);
  CHECK(first.edges[7].when != other.edges[7].when);
}

TEST_CASE("pulses and sentences stop and return as told, and edges are counted meanwhile",
          "[lab][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  Life before, without, after;
  before.live(receiver, start + 5s);
  receiver.obey(SetPulse{false}, start + 5s);
  receiver.obey(SetSentences{false}, start + 5s);
  without.live(receiver, start + 15s);
  CHECK(without.edges.empty());
  CHECK(without.bursts.empty());
  receiver.obey(SetPulse{true}, start + 15s);
  receiver.obey(SetSentences{true}, start + 15s);
  after.live(receiver, start + 20s);
  REQUIRE(after.edges.size() == 5);
  CHECK(after.edges[0].sequence == before.edges.back().sequence + 11);
  CHECK(after.edges[0].second == before.edges.back().second + 11s);
}

TEST_CASE("a fix that is lost is told as such", "[lab][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  receiver.obey(SetFix{FixMode::none}, start);
  Life life;
  life.live(receiver, start + 2s);
  CHECK(life.bursts.front().text.find("$GPRMC,100001.00,V,") == 0);
}

TEST_CASE("one burst of so many has a bad checksum when told so", "[lab][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  receiver.obey(Corrupt{3}, start);
  Life life;
  life.live(receiver, start + 10s);
  int bad = 0;
  for (const auto& burst : life.bursts) bad += burst.text.starts_with("$X");
  CHECK(bad == 3);
}

TEST_CASE("a jump moves what it says and its pulse together", "[lab][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  Life before, after;
  before.live(receiver, start + 5s);
  const auto by = GENERATE(nanoseconds{7s}, nanoseconds{-3s}, 250ms);
  receiver.obey(Jump{by}, start + 5s);
  after.live(receiver, start + 10s);
  REQUIRE(after.edges.size() >= 4);
  for (const auto& edge : after.edges)
    CHECK(edge.second.time_since_epoch() == edge.when.time_since_epoch() + system_ahead + by);
  CHECK(after.edges.front().when > before.edges.back().when);
}
