// Exactly one of messages, pulses and kernel status misbehaves, on a healthy server and from its
// start. No sample is wrong but what docs/integrity.md lists under "What it cannot know".

#include "tests/scenarios/world.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

constexpr nanoseconds worst_allowed = 5ms;
// Until a receiver is old, and then until something strikes.
constexpr int young_from = 60;
constexpr int old_from = 960;
constexpr ClockStatus kept_by_others{true, 20ms};

double uniform(std::mt19937& random, double from, double until) {
  return std::uniform_real_distribution<>{from, until}(random);
}

int one_of(std::mt19937& random, const std::vector<int>& values) {
  return values.at(random() % values.size());
}

/// One scenario of a server: what misbehaves, and when samples may be wrong, since the misbehaviour
/// is on the list.
struct OneParty {
  std::string name;
  World world;
  int length = 300;
  int excused_from = std::numeric_limits<int>::max();  // second

  void check() const {
    const auto outcome = live(world, std::min(length, excused_from));
    INFO(name << ", seed " << world.seed << ": first wrong in " << outcome.first_wrong << ", worst "
              << outcome.worst.count() << " ns");
    CHECK(outcome.worst <= worst_allowed);
  }

  /// The same with a clock that other servers keep: nothing is excused.
  void check_with_kept_clock() const {
    auto kept = *this;
    kept.excused_from = std::numeric_limits<int>::max();
    kept.world.status = kept_by_others;
    kept.check();
  }
};

/// The delay of the messages grows from `usual` at `from` by `rate` a second until `top`, and stays
/// there.
OneParty delay_ramp(int from, double rate, double top, double usual = 0.15) {
  OneParty one;
  one.name = "delay ramp from second " + std::to_string(from) + " by " + std::to_string(rate) +
             " to " + std::to_string(top);
  one.world.cycle = 0.02;
  one.world.latency = [=](int s) {
    return s < from ? usual : std::min(top, usual + (s - from) * rate);
  };
  one.length = from + static_cast<int>((top - usual) / rate) + 700;
  return one;
}

OneParty label_lie(int from, int by, int lasts) {
  OneParty one;
  one.name = "labels off by " + std::to_string(by) + " s from second " + std::to_string(from) +
             " for " + std::to_string(lasts);
  one.world.label = [=](int s) { return s >= from && s < from + lasts ? by : 0; };
  one.length = from + std::min(lasts, 700) + 80;
  const int needed = from < old_from - 60 ? 60 : 600;
  if (lasts >= needed) one.excused_from = from + needed - 1;
  return one;
}

OneParty two_labels(int from, int by, double share, bool regular, unsigned seed) {
  OneParty one;
  one.name = "two labels, " + std::to_string(by) + " s apart, the wrong one in " +
             std::to_string(share) + (regular ? "" : ", at random") + ", from second " +
             std::to_string(from);
  one.world.label = [=](int s) {
    if (s < from) return 0;
    std::mt19937 random{seed * 100'003 + static_cast<unsigned>(s)};
    random.discard(10);
    const bool wrong = regular ? std::floor(s * share) != std::floor((s - 1) * share)
                               : uniform(random, 0, 1) < share;
    return wrong ? by : 0;
  };
  one.length = from + 900;
  // The first ten messages are a consistent lie now and then; the very first one may come before
  // the first pulse.
  int lies = 1;
  while (lies < 10 && one.world.label(lies) != 0) ++lies;
  if (lies == 10) one.excused_from = 10;
  return one;
}

OneParty silence_then_lie(int from, int silent, int by) {
  auto one = label_lie(from + silent, by, 500);
  one.name = "silence of " + std::to_string(silent) + " s, then " + one.name;
  one.world.speaks = [=](int s) { return s < from || s >= from + silent; };
  return one;
}

OneParty pulse_drag(int from, double ppm, double ppm_per_second) {
  OneParty one;
  one.name = "pulses of " + std::to_string(ppm) + " ppm and " + std::to_string(ppm_per_second) +
             " ppm more each second, from second " + std::to_string(from);
  one.world.pulse_delay = [=](int s) {
    const double t = s - from;
    return t < 0 ? 0ns : World::span((ppm * t + ppm_per_second * t * t / 2) * 1e-6);
  };
  one.world.handover = [delay = one.world.pulse_delay](int s) {
    return 0.0001 + std::max(0.0, static_cast<double>(delay(s).count()) / 1e9);
  };
  one.length = from + 590;  // a rate that lasts for ten minutes is on the list
  return one;
}

OneParty kernel_status(unsigned seed) {
  OneParty one;
  one.name = "a kernel status at random";
  std::mt19937 random{seed};
  one.world.status = {random() % 2 == 0, World::span(uniform(random, -1, 1))};
  for (int n = 0; n < 3; ++n) {
    const ClockStatus status{random() % 2 == 0, World::span(uniform(random, -1, 1))};
    one.world.extras[uniform(random, 0, 200)] = [status](ClockReading at) {
      return Event{at, Tick{status}};
    };
  }
  one.length = 200;
  return one;
}

OneParty at_random(unsigned seed) {
  std::mt19937 random{seed};
  const int from = one_of(random, {young_from, 100, 200, old_from});
  const int by = one_of(random, {1, -1, 1, -1, 2, -2, 3, -3, 14, -18, 60, -3600, 172'800});
  OneParty one;
  switch (random() % 6) {
    case 0:
      one = delay_ramp(from, std::exp(uniform(random, -5, 0.5)), uniform(random, 0.5, 4));
      break;
    case 1:
      one = label_lie(from, by, one_of(random, {1, 2, 5, 20, 55, 61, 540, 660, 5000}));
      break;
    case 2:
      one = two_labels(one_of(random, {0, from}), by, uniform(random, 0.05, 0.5), random() % 2 == 0,
                       seed);
      break;
    case 3:
      one = silence_then_lie(from, one_of(random, {3, 20, 60, 600, 4000}), by);
      break;
    case 4:
      one = pulse_drag(std::max(from, 120),
                       (random() % 2 == 0 ? 1 : -1) * std::exp(uniform(random, 1.7, 6.9)),
                       random() % 2 == 0 ? 0 : uniform(random, -1, 1));
      break;
    default:
      one = kernel_status(seed);
  }
  one.world.seed = seed;
  one.world.raw_ppm = uniform(random, -50, 50);
  return one;
}

}  // namespace

TEST_CASE("messages whose delay grows turn no second", "[driver][one-party][slow]") {
  std::vector<OneParty> grid;
  for (const int from : {20, 60, 200, 1000})
    for (const double rate : {0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9, 1.0, 1.3, 2.0})
      for (const double top : {0.9, 1.0, 1.1, 1.15, 1.3, 1.5, 1.65, 1.8, 2.15, 3.15, 3.7, 4.0})
        grid.push_back(delay_ramp(from, rate, top));
  for (const int n : spread(static_cast<int>(grid.size()))) {
    grid.at(static_cast<std::size_t>(n)).check();
    grid.at(static_cast<std::size_t>(n)).check_with_kept_clock();
  }
  SECTION("from the start, while the label is not proved yet") {
    for (const double rate : {0.01, 0.05, 0.1, 0.2, 0.4})
      for (const int from : {0, 3, 8}) delay_ramp(from, rate, 1.65).check();
  }
  SECTION("nor do those that stay late for an hour and come back") {
    auto one = delay_ramp(200, 0.1, 1.15);
    const auto up = one.world.latency;
    one.world.latency = [=](int s) {
      return s < 4000 ? up(s) : std::max(0.15, 1.15 - (s - 4000) * 0.1);
    };
    one.length = 4300;
    one.check();
    CHECK(live(one.world, one.length).sent_between(4050, 4300) == 250);
  }
}

TEST_CASE("labels that are wrong for less time than it takes to prove them are not followed",
          "[driver][one-party][slow]") {
  std::vector<OneParty> grid;
  for (const int from : {young_from, 300, old_from})
    for (const int by : {1, -1, 2, -2, 3, -3, -18, 3600, -3600, 172'800, -172'800})
      for (const int lasts : {1, 55, 61, 9 * 60, 11 * 60, 5000})
        grid.push_back(label_lie(from, by, lasts));
  for (const int n : spread(static_cast<int>(grid.size()))) {
    grid.at(static_cast<std::size_t>(n)).check();
    grid.at(static_cast<std::size_t>(n)).check_with_kept_clock();
  }
}

TEST_CASE("a receiver that contradicts itself is not followed to the wrong label",
          "[driver][one-party][slow]") {
  std::vector<OneParty> grid;
  for (const int from : {0, young_from, old_from})
    for (const int by : {1, -1, 2, 7, 14, -14, 3600})
      for (const double share : {0.05, 0.1, 0.2, 0.3, 0.4, 0.5})
        for (const bool regular : {true, false})
          grid.push_back(two_labels(from, by, share, regular, 1));
  for (const int n : spread(static_cast<int>(grid.size()))) {
    grid.at(static_cast<std::size_t>(n)).check();
    grid.at(static_cast<std::size_t>(n)).check_with_kept_clock();
  }
}

TEST_CASE("after a silence the counted second is worth as much as before",
          "[driver][one-party][slow]") {
  for (const int silent : {60, 600, 9000})
    for (const int by : {1, -1, 2}) {
      const auto one = silence_then_lie(1000, silent, by);
      one.check();
      one.check_with_kept_clock();
    }
}

TEST_CASE("a pulse that runs off is followed for less than 5 ms", "[driver][one-party][slow]") {
  std::vector<OneParty> grid;
  for (const int from : {120, 1000})
    for (const int sign : {1, -1}) {
      for (const double ppm : {5.0, 7.0, 10.0, 20.0, 40.0, 100.0, 300.0, 499.0, 501.0, 1000.0})
        grid.push_back(pulse_drag(from, sign * ppm, 0));
      for (const double more : {0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0})
        grid.push_back(pulse_drag(from, 0, sign * more));
      // Those that slow down and come back.
      for (const double ppm : {57.0, 70.0, 94.0})
        for (const double less : {0.2, 0.3, 0.4})
          grid.push_back(pulse_drag(from, sign * ppm, -sign * less));
    }
  for (const int n : spread(static_cast<int>(grid.size()))) {
    grid.at(static_cast<std::size_t>(n)).check();
    grid.at(static_cast<std::size_t>(n)).check_with_kept_clock();
  }
}

TEST_CASE("a pulse that has run off for ten minutes is another phase for ten minutes more",
          "[driver][one-party][slow]") {
  auto one = pulse_drag(1000, GENERATE(-40.0, 7.0, 95.0), 0);
  one.length = 1000 + 1200;
  one.check();
}

TEST_CASE("a pulse that ran off and was away is not where it was", "[driver][one-party][slow]") {
  const int gap = GENERATE(5, 60, 95, 105, 300, 480, 520);
  const double ppm = GENERATE(9.0, -10.0, 60.0);
  auto one = pulse_drag(1000, ppm, 0);
  one.name += ", away for " + std::to_string(gap) + " s";
  one.world.pulse = [=](int s) { return s < 1300 || s >= 1300 + gap; };
  one.world.pulse_delay = [=](int s) {
    return World::span(std::clamp(s - 1000, 0, 300 + gap) * ppm * 1e-6);
  };
  one.length = 1300 + gap + 590;
  one.check();
}

TEST_CASE("pulses that come back at another phase after minutes are not served off by 5 ms",
          "[driver][one-party][slow]") {
  OneParty one;
  const int gap = GENERATE(5, 60, 110, 300, 480);
  const double phase = GENERATE(0.006, -0.006, 0.024);
  one.name = "a gap of " + std::to_string(gap) + " s, then " + std::to_string(phase);
  one.world.pulse = [=](int s) { return s < 1000 || s >= 1000 + gap; };
  one.world.pulse_delay = [=](int s) { return s < 1000 ? 0ns : World::span(phase); };
  one.world.handover = [=](int) { return 0.0001 + std::max(0.0, phase); };
  one.length = 1000 + gap + 500;
  one.check();
}

TEST_CASE("a leap second of the table is waited for", "[driver][one-party]") {
  const int shown_after = GENERATE(0, 12, 60);
  World world;
  world.start = 1'798'761'600 - 120;  // 2027
  world.leap_at = 119;
  world.label = [=](int s) { return s > 119 && s <= 119 + shown_after ? 1 : 0; };
  auto with = options();
  with.leaps = {UtcSecond{seconds{1'798'761'600}} + 100h,
                {{UtcSecond{seconds{1'798'761'600}}, -1s}}};
  const auto outcome = live(world, 300, with);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(119 + shown_after + 20, 300) == 300 - 119 - shown_after - 20);
}

TEST_CASE("no sample is wrong in any of many scenarios in which one party misbehaves at random",
          "[driver][one-party][slow]") {
  const int all = seeds(2000);
  for (unsigned seed = 1; seed <= static_cast<unsigned>(all); ++seed) {
    const auto one = at_random(seed);
    one.check();
    if (seed % 4 == 0) one.check_with_kept_clock();
  }
}

TEST_CASE("each entry of the list of what cannot be known happens", "[driver][one-party]") {
  const auto wrong = [](const World& world, int length) { return live(world, length).wrong > 0; };
  SECTION("a consistent lie from the start") {
    World world;
    world.label = [](int) { return 1; };
    CHECK(wrong(world, 60));
  }
  SECTION("messages that are more than a second late from the start") {
    World world;
    world.cycle = 0.02;
    world.latency = [](int) { return 1.3; };
    CHECK(wrong(world, 60));
  }
  SECTION("a lie that lasts longer than it takes") {
    CHECK(wrong(label_lie(100, 1, 200).world, 300));
    CHECK(wrong(label_lie(1000, 1, 800).world, 1800));
  }
  SECTION("a rate error since the start") {
    World world = pulse_drag(0, 50, 0).world;
    CHECK(wrong(world, 300));
  }
  SECTION("pulses that change their rate as slowly as an oscillator") {
    CHECK(wrong(pulse_drag(200, 0, 0.003).world, 2500));
  }
  SECTION("messages and pulses that move together") {
    World world = pulse_drag(0, 2, 0).world;
    world.latency = [delay = world.pulse_delay](int s) {
      return 0.15 + static_cast<double>(delay(s).count()) / 1e9;
    };
    CHECK(wrong(world, 2000));
  }
  SECTION("two parties that fail at once and cancel") {
    World world;
    world.cycle = 0.02;
    // The machine sleeps for two seconds, and from then on the receiver is two seconds late.
    world.sleeps[200.5] = 2;
    world.latency = [](int s) { return s < 199 ? 0.15 : 2.15; };
    CHECK(wrong(world, 300));
  }
}
