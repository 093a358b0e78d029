#include "sim/core/receiver.h"

#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::sim;

namespace {

constexpr MonotonicTime start{1000s};
// CLOCK_REALTIME is a third of a second past a whole one at the start.
constexpr nanoseconds system_ahead = 1'795'340'600s + 333'333'333ns;

TrueTime truth_of(nanoseconds offset, double drift_ppm = 0) {
  return {start, system_ahead, offset, drift_ppm};
}

/// The edges and bursts of a receiver.
struct Output {
  std::vector<Edge> edges;
  std::vector<Burst> bursts;

  void collect(Receiver& receiver, MonotonicTime end) {
    while (receiver.next() <= end) {
      const auto now = receiver.next();
      while (const auto edge = receiver.take_edge(now)) edges.push_back(*edge);
      while (const auto burst = receiver.take_burst(now)) bursts.push_back(*burst);
    }
  }
};

Output output_of(Receiver receiver, nanoseconds length) {
  Output output;
  output.collect(receiver, start + length);
  return output;
}

/// The second field of a burst's first sentence.
std::string clock_of(const Burst& burst) {
  return burst.text.substr(7, 9);
}

}  // namespace

TEST_CASE("each edge comes when its second of true time does", "[sim][receiver]") {
  const auto offset = GENERATE(0ns, 1'234ns, -999'999'999ns, nanoseconds{86'400s} + 5ms);
  const auto output = output_of({{}, truth_of(offset), start}, 100s);
  REQUIRE(output.edges.size() == 100);
  std::uint32_t sequence = 0;
  for (const auto& edge : output.edges) {
    // second = system + offset, exactly.
    CHECK(edge.second.time_since_epoch() == edge.when.time_since_epoch() + system_ahead + offset);
    CHECK(edge.sequence == ++sequence);
  }
  CHECK(output.edges.back().second - output.edges.front().second == 99s);
}

TEST_CASE("a drift makes true seconds shorter", "[sim][receiver]") {
  const auto output = output_of({{}, truth_of(0ns, 100), start}, 1000s);
  const auto apart = output.edges[900].when - output.edges[0].when;
  CHECK(std::chrono::abs(apart - (900s - 90ms)) < 10us);  // 100 ppm of 900 s, less its own share
}

TEST_CASE("sentences follow their second by the latency, and have its time", "[sim][receiver]") {
  ReceiverOptions options;
  options.latency = 300ms;
  const auto output = output_of({options, truth_of(0ns), start}, 10s);
  REQUIRE(output.bursts.size() == 10);
  CHECK(output.bursts[0].start == output.edges[0].when + 300ms);
  CHECK(clock_of(output.bursts[0]) == "100001.00");
  CHECK(clock_of(output.bursts[9]) == "100010.00");
}

TEST_CASE("a receiver of a higher rate sends the epochs in between", "[sim][receiver]") {
  ReceiverOptions options;
  options.rate = 5;
  options.latency = 50ms;
  const auto output = output_of({options, truth_of(0ns), start}, 3s);
  CHECK(output.edges.size() == 3);
  CHECK(clock_of(output.bursts[1]) == "100001.20");
  CHECK(clock_of(output.bursts[4]) == "100001.80");
  CHECK(clock_of(output.bursts[5]) == "100002.00");
}

TEST_CASE("sentences never come before their second nor out of order, whatever the jitter",
          "[sim][receiver]") {
  ReceiverOptions options;
  options.jitter = 2s;
  const auto output = output_of({options, truth_of(0ns), start}, 200s);
  auto before = start;
  REQUIRE(output.bursts.size() > 150);
  for (std::size_t i = 0; i < output.bursts.size(); ++i) {
    CHECK(output.bursts[i].start >= before);
    CHECK(output.bursts[i].start >= output.edges[i].when);
    before = output.bursts[i].start;
  }
}

TEST_CASE("the jitter of edges is never early, unless it is Gaussian", "[sim][receiver]") {
  ReceiverOptions options;
  options.pulse_jitter = 1us;
  options.pulse_shape = GENERATE(JitterShape::late, JitterShape::gaussian);
  const auto output = output_of({options, truth_of(0ns), start}, 300s);
  int early = 0;
  int late = 0;
  for (const auto& edge : output.edges) {
    const auto by = edge.when.time_since_epoch() + system_ahead - edge.second.time_since_epoch();
    CHECK(std::chrono::abs(by) < 10us);
    (by < 0ns ? early : late) += 1;
  }
  CHECK(late > 100);
  CHECK((early > 100) == (options.pulse_shape == JitterShape::gaussian));
}

TEST_CASE("the same seed gives the same output", "[sim][receiver]") {
  ReceiverOptions options;
  options.pulse_jitter = 1us;
  const auto first = output_of({options, truth_of(0ns), start}, 20s);
  const auto again = output_of({options, truth_of(0ns), start}, 20s);
  options.seed = 2;
  const auto other = output_of({options, truth_of(0ns), start}, 20s);
  CHECK(first.edges[7].when == again.edges[7].when);
  CHECK(first.edges[7].when != other.edges[7].when);
}

TEST_CASE("commands stop and start pulses and sentences, and edges are counted meanwhile",
          "[sim][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  Output before, without, after;
  before.collect(receiver, start + 5s);
  receiver.execute(SetPulse{false}, start + 5s);
  receiver.execute(SetSentences{false}, start + 5s);
  without.collect(receiver, start + 15s);
  CHECK(without.edges.empty());
  CHECK(without.bursts.empty());
  receiver.execute(SetPulse{true}, start + 15s);
  receiver.execute(SetSentences{true}, start + 15s);
  after.collect(receiver, start + 20s);
  REQUIRE(after.edges.size() == 5);
  CHECK(after.edges[0].sequence == before.edges.back().sequence + 11);
  CHECK(after.edges[0].second == before.edges.back().second + 11s);
}

TEST_CASE("without a fix the sentences report none", "[sim][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  receiver.execute(SetFix{FixMode::none}, start);
  Output output;
  output.collect(receiver, start + 2s);
  CHECK(output.bursts.front().text.find("$GPRMC,100001.00,V,") == 0);
}

TEST_CASE("a command corrupts the checksum of one burst in so many", "[sim][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  receiver.execute(Corrupt{3}, start);
  Output output;
  output.collect(receiver, start + 10s);
  int bad = 0;
  for (const auto& burst : output.bursts) bad += burst.text.starts_with("$X");
  CHECK(bad == 3);
}

TEST_CASE("a jump steps the sentences and the pulse together", "[sim][receiver]") {
  Receiver receiver{{}, truth_of(0ns), start};
  Output before, after;
  before.collect(receiver, start + 5s);
  const auto by = GENERATE(nanoseconds{7s}, nanoseconds{-3s}, 250ms);
  receiver.execute(Jump{by}, start + 5s);
  after.collect(receiver, start + 10s);
  REQUIRE(after.edges.size() >= 4);
  for (const auto& edge : after.edges)
    CHECK(edge.second.time_since_epoch() == edge.when.time_since_epoch() + system_ahead + by);
  CHECK(after.edges.front().when > before.edges.back().when);
}
