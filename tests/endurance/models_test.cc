// The models of the scenarios have their documented shapes.

#include "tests/scenarios/models.h"

#include <algorithm>
#include <vector>

#include "tests/scenarios/clocks.h"
#include "tests/scenarios/run.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::scenarios;

namespace {

template <class Draw>
std::vector<double> drawn(int count, Draw draw) {
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values.push_back(draw(i));
  std::sort(values.begin(), values.end());
  return values;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const auto value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("random numbers are those of the published generator, on every machine") {
  Random random{0};
  CHECK(random.bits() == 0xe220'a839'7b1d'cdaf);
  CHECK(random.bits() == 0x6e78'9e6a'a1b9'65f4);
}

TEST_CASE("the lateness of interrupts follows its models, and is never negative") {
  Random random{1};
  const auto lateness = [&](InterruptModel model) {
    return drawn(100'000, [&](int i) {
      return static_cast<double>(interrupt_lateness(model, i, random).count());
    });
  };
  for (int model = 0; model < interrupt_models; ++model)
    CHECK(lateness(static_cast<InterruptModel>(model)).front() >= 0);
  CHECK(mean(lateness(InterruptModel::gaussian)) == Approx(5'000).epsilon(0.02));
  CHECK(mean(lateness(InterruptModel::exponential)) == Approx(5'000).epsilon(0.02));
  const auto tails = lateness(InterruptModel::tails);
  CHECK(mean(tails) == Approx(0.9 * 3'000 + 0.09 * 30'000 + 0.01 * 250'000).epsilon(0.1));
  CHECK(tails.back() < 500'000);
  CHECK(tails[99'500] > 100'000);
}

TEST_CASE("the delay of messages follows its models, and is never negative") {
  Random random{1};
  for (int model = 0; model < delay_models; ++model) {
    const auto latency = drawn(20'000, [&](int i) {
      return static_cast<double>(message_delay(static_cast<DelayModel>(model), i, random).count()) *
             1e-9;
    });
    INFO("model " << model);
    CHECK(latency.front() > 0);
    CHECK(latency.back() < 1.3);
    CHECK(mean(latency) == Approx(model == 0 ? 0.15 : 0.5).epsilon(0.02));
  }
}

TEST_CASE("a step moves the system clock alone, a slew the raw clock never") {
  ClockOptions options;
  options.system_at_start = 1'800'000'000s;
  options.steps = {{1000s, -3s}};
  options.slews = {{2000s, 2010s, 1000}};
  MachineClocks clocks{options, Oscillator{50, Wander::room, 7}};
  const auto passes = [&](auto clock, SinceStart from, SinceStart until) {
    clocks.advance(from);
    const auto begin = (clocks.*clock)(from);
    clocks.advance(until);
    return static_cast<double>(((clocks.*clock)(until)-begin).count());
  };
  CHECK(passes(&MachineClocks::system, 0s, 500s) == Approx(500e9).margin(500e9 * 1e-6));
  CHECK(passes(&MachineClocks::system, 990s, 1010s) == Approx(17e9).margin(20e3));
  CHECK(passes(&MachineClocks::monotonic, 1100s, 1200s) == Approx(100e9).margin(100e3));
  CHECK(passes(&MachineClocks::monotonic, 1990s, 2020s) == Approx(30e9 + 10e6).margin(50e3));
  CHECK(passes(&MachineClocks::raw, 2100s, 2200s) == Approx(100e9 * (1 + 50e-6)).margin(100e3));
}

TEST_CASE("an oscillator wanders by less than a ppm in a day, and by more than a hundredth") {
  Oscillator oscillator{50, Wander::room, 3};
  const auto wander = drawn(86'400, [&](int) { return oscillator.next_wander(); });
  CHECK(wander.front() > -1);
  CHECK(wander.back() < 1);
  CHECK(wander.back() - wander.front() > 0.2);
}

TEST_CASE(
    "the events of a run are in the order of its clocks, four a second, with the truth of edges") {
  std::uint64_t seed = 1;
  while (parameters_of(seed).clock_error < -1h) ++seed;
  Run run{{seed, 1000, {}}};
  int events = 0;
  int edges = 0;
  std::optional<MonotonicTime> last;
  while (const auto event = run.next()) {
    if (last) REQUIRE(event->event.at.monotonic > *last);
    last = event->event.at.monotonic;
    ++events;
    const auto& edge = event->edge;
    if (!edge) continue;
    REQUIRE(edge->second == edges++);
    const auto stamp = std::get<driver::Pulse>(event->event.what).stamp;
    const auto marked = nanoseconds{run.parameters().utc(edge->second).time_since_epoch()};
    const auto late = stamp.time_since_epoch() + edge->true_offset - marked;
    REQUIRE(late >= 0ns);
    REQUIRE(late < 600us);
  }
  CHECK(edges == 1000);
  CHECK(events == 4000);
}
