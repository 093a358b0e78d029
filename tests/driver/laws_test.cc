// Properties over many random scenarios, each with several faults at once: no wrong second, one
// decision a pulse, and a bridge that is healthy sends.

#include <random>

#include "tests/scenarios/world.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

/// Stretches of seconds in which something is wrong, each with its own probability of occurring.
class Stretches {
 public:
  Stretches(std::mt19937& random, int length, int most, int longest) {
    const auto count = static_cast<int>(random() % static_cast<unsigned>(most + 1));
    for (int i = 0; i < count; ++i) {
      const auto from = static_cast<int>(random() % static_cast<unsigned>(length));
      stretches_.emplace_back(
          from, from + 1 + static_cast<int>(random() % static_cast<unsigned>(longest)));
    }
  }

  bool operator()(int s) const {
    return std::any_of(stretches_.begin(), stretches_.end(),
                       [s](auto p) { return s >= p.first && s < p.second; });
  }

 private:
  std::vector<std::pair<int, int>> stretches_;
};

double uniform(std::mt19937& random, double from, double until) {
  return std::uniform_real_distribution<>{from, until}(random);
}

/// A life of `length` seconds with faults that a bridge can see through: everything but a receiver
/// that lies steadily.
World random_world(unsigned seed, int length) {
  std::mt19937 random{seed};
  World world;
  world.seed = seed;
  world.start = a_morning + static_cast<std::int64_t>(random() % (std::uint64_t{86'400} * 400));
  world.raw = random() % 2 == 0;
  world.clock_error = nanoseconds{static_cast<std::int64_t>(uniform(random, -2e9, 2e9))};
  world.clock_ppm = uniform(random, -150, 150);
  world.raw_ppm = uniform(random, -100, 100);
  const double base = uniform(random, 0.05, 0.8);
  const double spread = uniform(random, 0, 0.9 - base);
  std::vector<double> latencies(static_cast<std::size_t>(length));
  for (auto& l : latencies) {
    l = base + uniform(random, 0, spread);
    if (random() % 200 == 0) l += 2;
  }
  world.latency = [latencies](int s) { return latencies[static_cast<std::size_t>(s)]; };
  world.cycle = uniform(random, 0.01, 0.1);
  world.pulse = [dead = Stretches{random, length, 3, 90}](int s) { return !dead(s); };
  world.mode = [lost = Stretches{random, length, 4, 60}](int s) { return lost(s) ? 1 : 3; };
  world.speaks = [silent = Stretches{random, length, 2, 40}](int s) { return !silent(s); };
  world.label = [wrong = Stretches{random, length, 2, 30},
                 by = static_cast<std::int64_t>(random() % 2000) - 1000](int s) {
    return wrong(s) ? by * 604'800 : 0;
  };
  std::vector<std::vector<double>> glitches(static_cast<std::size_t>(length));
  const auto noisy = Stretches{random, length, 2, 60};
  for (int s = 0; s < length; ++s)
    if (noisy(s) && random() % 3 == 0)
      glitches[static_cast<std::size_t>(s)].push_back(uniform(random, 0.002, 0.998));
  world.extra_edges = [glitches](int s) { return glitches[static_cast<std::size_t>(s)]; };
  for (auto i = random() % 6; i > 0; --i) {
    const auto step = nanoseconds{static_cast<std::int64_t>(uniform(random, -5e9, 5e9))};
    // Half of them just after an edge; half of them by whole seconds.
    const auto when = random() % 2 == 0
                          ? uniform(random, 0, length)
                          : static_cast<double>(random() % static_cast<unsigned>(length)) + 0.00005;
    world.steps[when] = random() % 2 == 0 ? step : std::chrono::round<seconds>(step);
  }
  for (auto i = random() % 3; i > 0; --i)
    world.extras[uniform(random, 0, length)] = [](Reading at) { return Event{at, GpsdLost{}}; };
  for (auto i = random() % 3; i > 0; --i)
    world.extras[uniform(random, 0, length)] = [](Reading at) { return Event{at, PpsLost{}}; };
  world.reading_noise = [](std::mt19937& r) {
    return nanoseconds{r() % 100 == 0 ? r() % 30'000'000 : r() % 5'000};
  };
  return world;
}

}  // namespace

TEST_CASE("no second is wrong in any of many scenarios with random faults", "[driver][slow]") {
  constexpr int length = 900;
  const int lives = seeds(400);
  int samples = 0;
  for (unsigned seed = 1; seed <= static_cast<unsigned>(lives); ++seed) {
    INFO("life " << seed);
    const auto outcome = live(random_world(seed, length), length);
    samples += outcome.samples;
    REQUIRE(outcome.wrong == 0);
    int refused = 0;
    for (const auto& [reason, count] : outcome.refused) refused += count;
    REQUIRE(refused + outcome.samples >= outcome.samples);
  }
  // A silent bridge must not pass.
  CHECK(samples > lives * length / 4);
}

TEST_CASE("a healthy day loses no more than one pulse in a thousand after the first thirty seconds",
          "[driver][slow]") {
  const int length = seeds(86'400);
  World world;
  world.start = 1'795'305'600;  // a midnight, not of a month's end
  world.raw = GENERATE(true, false);
  world.clock_ppm = 12;
  std::mt19937 random{11};
  std::vector<double> latencies(static_cast<std::size_t>(length));
  for (auto& l : latencies) l = std::clamp(std::normal_distribution<>{0.4, 0.1}(random), 0.0, 1.2);
  world.latency = [&](int s) { return latencies[static_cast<std::size_t>(s)]; };
  world.cycle = 0.05;
  std::vector<nanoseconds> late(static_cast<std::size_t>(length));
  for (auto& l : late)
    l = nanoseconds{
        static_cast<std::int64_t>(std::abs(std::normal_distribution<>{0, 5'000}(random)))};
  world.pulse_delay = [&](int s) { return late[static_cast<std::size_t>(s)]; };
  const auto outcome = live(world, length);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(30, length) >= (length - 30) - (length - 30) / 1000);
}
