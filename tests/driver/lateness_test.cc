#include "driver/core/lateness.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <vector>

#include "driver/core/bridge.h"
#include "driver/core/settings.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"
#include "tests/support/late_pulses.h"
#include "tests/support/seeds.h"
#include "tests/support/steady_pulses.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;
using namespace ntsbox::scenarios;

namespace {

using LateBy = std::function<nanoseconds(int)>;

constexpr std::int64_t some_second = 1'795'341'600;

/// The pulse of second `n` on an oscillator that is 20 ppm fast.
nanoseconds estimate_at(Lateness& lateness, int n, nanoseconds late, nanoseconds raw_shift = 0ns) {
  const seconds second{some_second + n};
  return lateness.estimate({SystemTime{second + late}, UtcSecond{second}, -late, 0ns},
                           RawTime{1000s + seconds{n} + n * 20us + late + raw_shift});
}

std::vector<nanoseconds> corrections(LatenessMode mode, int count, const LateBy& late) {
  Lateness lateness{mode};
  std::vector<nanoseconds> all;
  all.reserve(static_cast<std::size_t>(count));
  for (int n = 0; n < count; ++n) all.push_back(estimate_at(lateness, n, late(n)));
  return all;
}

/// One-sided: a few distances above a minimum of 3 µs, most of them small.
nanoseconds one_sided(int n) {
  constexpr std::array<int, 11> over{100, 2000, 300, 900, 5000, 0, 1400, 600, 200, 3000, 1100};
  return 3us + nanoseconds{over[static_cast<std::size_t>(n) % over.size()]};
}

/// As much under as over 5 µs.
nanoseconds symmetric(int n) {
  constexpr std::array<int, 11> off{-1500, 300, 900, -100, 1500, 0, -900, -500, 500, 100, -300};
  return 5us + nanoseconds{off[static_cast<std::size_t>(n) % off.size()]};
}

bool near(nanoseconds a, nanoseconds b, nanoseconds within = 20ns) {
  return std::chrono::abs(a - b) <= within;
}

}  // namespace

TEST_CASE("a mode has one name, and no other", "[driver][lateness]") {
  for (const auto* name : {"raw", "clip", "line", "auto"}) {
    REQUIRE(lateness_mode(name));
    CHECK(name_of(*lateness_mode(name)) == name);
  }
  CHECK_FALSE(lateness_mode("automatic"));
  CHECK_FALSE(lateness_mode(""));
}

TEST_CASE("raw corrects nothing, however late", "[driver][lateness]") {
  for (const auto correction : corrections(LatenessMode::raw, 100, one_sided))
    CHECK(correction == 0ns);
}

TEST_CASE("the first two pulses go out as they came", "[driver][lateness]") {
  const auto all = corrections(LatenessMode::line, 3, [](int n) { return n * 10us; });
  CHECK(all[0] == 0ns);
  CHECK(all[1] == 0ns);
}

TEST_CASE("pulses that are never late are not touched", "[driver][lateness]") {
  for (const auto mode : {LatenessMode::clip, LatenessMode::line, LatenessMode::automatic})
    for (const auto correction : corrections(mode, 200, [](int) { return 4us; }))
      CHECK(correction == 0ns);
}

TEST_CASE("the line takes off what a pulse is later than the earliest ones", "[driver][lateness]") {
  const auto late = [](int n) { return n == 90 ? 180us : one_sided(n); };
  const auto all = corrections(LatenessMode::line, 100, late);
  const auto level = late(89) - all[89];
  CHECK(near(level, 3us, 200ns));
  CHECK(near(all[90], 180us - level, 100ns));
}

TEST_CASE("clip leaves the ordinary pulse alone and cuts the late one", "[driver][lateness]") {
  const auto late = [](int n) { return n == 93 ? 180us : one_sided(n); };
  const auto all = corrections(LatenessMode::clip, 100, late);
  CHECK(late(96) < 3500ns);
  CHECK(all[96] == 0ns);
  CHECK(near(180us - all[93], 4us, 500ns));
}

TEST_CASE("auto is the line where lateness is one-sided", "[driver][lateness]") {
  const auto by_auto = corrections(LatenessMode::automatic, 400, one_sided);
  const auto by_line = corrections(LatenessMode::line, 400, one_sided);
  CHECK(std::equal(by_auto.begin() + 100, by_auto.end(), by_line.begin() + 100));
}

TEST_CASE("auto is raw where lateness is symmetric, and only cuts what is far out",
          "[driver][lateness]") {
  const auto late = [](int n) { return n == 390 ? 300us : symmetric(n); };
  const auto all = corrections(LatenessMode::automatic, 400, late);
  for (std::size_t n = 0; n < 390; ++n) CHECK(all[n] == 0ns);
  CHECK(300us - all[390] < 20us);
}

TEST_CASE("when the raw clock began and how fast it runs makes no difference",
          "[driver][lateness]") {
  Lateness one{LatenessMode::line};
  Lateness other{LatenessMode::line};
  for (int n = 0; n < 200; ++n) {
    const auto late = one_sided(n);
    const auto shift = 77h + n * -35us;
    CHECK(near(estimate_at(one, n, late), estimate_at(other, n, late, shift), 1ns));
  }
}

TEST_CASE("what the system clock shows makes no difference", "[driver][lateness]") {
  Lateness one{LatenessMode::line};
  Lateness other{LatenessMode::line};
  for (int n = 0; n < 200; ++n) {
    const auto late = one_sided(n);
    const UtcSecond second{seconds{some_second + n}};
    const nanoseconds wrong = n < 100 ? 5ms + n * 80us : -30h;  // slewed, then stepped
    const SystemTime stamp{seconds{some_second + n} + wrong + late};
    CHECK(estimate_at(one, n, late) == other.estimate({stamp, second, -wrong - late, 0ns},
                                                      RawTime{1000s + n * 1s + n * 20us + late}));
  }
}

TEST_CASE("lateness twice as large is corrected by twice as much", "[driver][lateness]") {
  const auto once = corrections(LatenessMode::line, 200, one_sided);
  const auto twice = corrections(LatenessMode::line, 200, [](int n) { return 2 * one_sided(n); });
  for (std::size_t n = 0; n < once.size(); ++n) CHECK(near(2 * once[n], twice[n], 2ns));
}

TEST_CASE("no correction is larger than its limit, whatever comes", "[driver][lateness]") {
  for (const auto mode : {LatenessMode::clip, LatenessMode::line, LatenessMode::automatic})
    for (unsigned seed = 0; seed < 20; ++seed) {
      std::mt19937 random{seed};
      Lateness lateness{mode};
      int n = 0;
      for (int i = 0; i < 500; ++i) {
        n += random() % 20 == 0 ? static_cast<int>(random() % 200) - 20 : 1;
        const nanoseconds late{
            static_cast<std::int64_t>(random() % (random() % 5 == 0 ? 2'000'000'000U : 500'000U))};
        CHECK(std::chrono::abs(estimate_at(lateness, n, late)) <= Lateness::most);
      }
    }
}

TEST_CASE("a pulse that is nowhere near the line is not corrected, and is forgotten",
          "[driver][lateness]") {
  Lateness lateness{LatenessMode::line};
  Lateness spared{LatenessMode::line};
  for (int n = 0; n < 100; ++n) {
    const auto expected = n == 80 ? 0ns : estimate_at(spared, n, one_sided(n));
    CHECK(estimate_at(lateness, n, n == 80 ? 700us : one_sided(n)) == expected);
  }
}

TEST_CASE("pulses that stay elsewhere begin a new line", "[driver][lateness]") {
  // As after the label changed.
  Lateness lateness{LatenessMode::line};
  for (int n = 0; n < 100; ++n) estimate_at(lateness, n, one_sided(n));
  nanoseconds last{};
  for (int n = 100; n < 160; ++n) last = estimate_at(lateness, n, one_sided(n), -1s);
  CHECK(near(one_sided(159) - last, 3us, 300ns));
}

TEST_CASE("outliers that are not three in a row on one line do not end it", "[driver][lateness]") {
  auto pulses = punctual(100);
  for (int i = 0; i < 5; ++i) {
    pulses.next(2, 700us);
    CHECK(pulses.next(5us) == 5us);
  }
  // A line that ended for another reason takes them along.
  pulses.next(2, 700us);
  pulses.pass(100);
  pulses.next(3, 0ns);
  CHECK(pulses.next(700us) == 0ns);
  CHECK(pulses.next(5us) == 5us);
}

TEST_CASE("a minimum that fell is followed within a few pulses", "[driver][lateness]") {
  const auto late = [](int n) { return one_sided(n) + (n < 100 ? 20us : 0us); };
  const auto all = corrections(LatenessMode::line, 140, late);
  for (int n = 104; n < 140; ++n)
    CHECK(near(late(n) - all[static_cast<std::size_t>(n)], 3us, 700ns));
}

TEST_CASE("a floor that rose for good is followed, one that rose for a minute is not",
          "[driver][lateness]") {
  const auto for_good = [](int n) { return one_sided(n) + (n < 100 ? 0us : 20us); };
  auto all = corrections(LatenessMode::line, 240, for_good);
  for (int n = 183; n < 240; ++n)
    CHECK(near(for_good(n) - all[static_cast<std::size_t>(n)], 23us, 700ns));
  const auto a_while = [](int n) { return one_sided(n) + (n < 100 || n >= 160 ? 0us : 20us); };
  all = corrections(LatenessMode::line, 240, a_while);
  for (int n = 100; n < 240; ++n)
    CHECK(near(a_while(n) - all[static_cast<std::size_t>(n)], 3us, 1us));
}

TEST_CASE("early pulses, though one in five, do not draw the line down", "[driver][lateness]") {
  // No interrupt is early: a cable's reflection is, or noise.
  const auto late = [](int n) { return n % 5 == 0 && n > 100 ? -150us : one_sided(n); };
  const auto all = corrections(LatenessMode::line, 300, late);
  for (int n = 101; n < 300; ++n)
    CHECK(near(late(n) - all[static_cast<std::size_t>(n)], 3us, 700ns));
}

TEST_CASE("after a gap of a minute the line goes on, after two it begins anew",
          "[driver][lateness]") {
  for (const int gap : {60, 120}) {
    Lateness lateness{LatenessMode::line};
    for (int n = 0; n < 100; ++n) estimate_at(lateness, n, one_sided(n));
    const auto first = estimate_at(lateness, 100 + gap, 103us);
    if (gap == 60)
      CHECK(near(first, 100us, 500ns));
    else
      CHECK(first == 0ns);
  }
}

TEST_CASE("early pulses just before a gap do not keep the line from beginning anew",
          "[driver][lateness]") {
  for (const int gap : {5, 70, 90, 300}) {
    Lateness lateness{LatenessMode::line};
    for (int n = 0; n < 100; ++n) estimate_at(lateness, n, n < 97 ? one_sided(n) : -90us);
    nanoseconds last{};
    for (int n = 100 + gap; n < 160 + gap; ++n) last = estimate_at(lateness, n, one_sided(n));
    CHECK(near(one_sided(159 + gap) - last, 3us, 700ns));
  }
}

TEST_CASE("a second that comes again begins the line anew", "[driver][lateness]") {
  Lateness lateness{LatenessMode::line};
  for (int n = 0; n < 100; ++n) estimate_at(lateness, n, one_sided(n));
  CHECK(estimate_at(lateness, 50, 103us) == 0ns);
}

TEST_CASE("less is left of the lateness than the models of it had", "[driver][lateness][slow]") {
  // Bounds with some room above what these seeds gave.
  struct Case {
    LateModel model;
    Wander wander;
    double deviation;  // of what was
    double p99;
  };

  const auto cases = {
      Case{LateModel::idle, Wander::slow, 0.13, 0.11},
      Case{LateModel::loaded, Wander::slow, 0.013, 0.011},
      Case{LateModel::bursts, Wander::slow, 0.014, 0.017},
      Case{LateModel::stepping, Wander::slow, 0.90, 0.60},
      Case{LateModel::raised, Wander::slow, 0.013, 0.011},
      Case{LateModel::idle, Wander::ramp, 0.14, 0.15},
      Case{LateModel::loaded, Wander::ramp, 0.015, 0.017},
      Case{LateModel::loaded, Wander::none, 0.007, 0.007},
  };
  for (const auto& c : cases)
    for (unsigned seed = 11; seed < 11 + static_cast<unsigned>(seeds(3)); ++seed) {
      INFO(late_model_names[static_cast<std::size_t>(c.model)] << ", seed " << seed);
      const auto raw = left_over(c.model, c.wander, seed, LatenessMode::raw);
      const auto corrected = left_over(c.model, c.wander, seed, LatenessMode::automatic);
      CHECK(corrected.deviation < c.deviation * raw.deviation);
      CHECK(corrected.p99 < c.p99 * raw.p99);
    }
}

TEST_CASE("where there is nothing to win nothing is lost", "[driver][lateness][slow]") {
  for (const auto wander : {Wander::none, Wander::slow, Wander::ramp})
    for (const auto model : {LateModel::none, LateModel::gaussian})
      for (unsigned seed = 21; seed < 21 + static_cast<unsigned>(seeds(3)); ++seed) {
        INFO(late_model_names[static_cast<std::size_t>(model)] << ", seed " << seed);
        const auto raw = left_over(model, wander, seed, LatenessMode::raw);
        const auto corrected = left_over(model, wander, seed, LatenessMode::automatic);
        CHECK(corrected.deviation <= raw.deviation * 1.01 + 1);
      }
}

TEST_CASE("the bridge adds the judgement to the cable's delay, and leaves the offset alone",
          "[driver][lateness]") {
  World world;
  world.pulse_delay = one_sided;
  const auto events = world.live(200);
  auto options = scenarios::options();
  options.correction = 100ns;
  Bridge raw{options};
  options.lateness = LatenessMode::line;
  Bridge line{options};
  int corrected = 0;
  for (const auto& event : events) {
    const auto before = raw.step(event);
    const auto after = line.step(event);
    REQUIRE(before.decision.has_value() == after.decision.has_value());
    if (!before.decision) continue;
    REQUIRE(before.decision->index() == after.decision->index());
    const auto* sample = std::get_if<Sample>(&*before.decision);
    if (!sample) continue;
    const auto& judged = std::get<Sample>(*after.decision);
    CHECK(sample->correction == 100ns);
    CHECK(judged.offset == sample->offset);
    if (judged.correction > 1us) ++corrected;
  }
  CHECK(corrected > 30);
}

TEST_CASE("a board that stamps each pulse late by its latency tells chronyd the true time",
          "[driver][lateness]") {
  World world;
  world.pulse_delay = [](int) { return 5200ns; };
  auto options = scenarios::options();
  Settings settings;
  settings.latency = {5200ns, 0ns};
  options.correction = settings.constant_lateness();
  Bridge bridge{options};
  int samples = 0;
  for (const auto& event : world.live(60)) {
    const auto step = bridge.step(event);
    const auto* sample = step.decision ? std::get_if<Sample>(&*step.decision) : nullptr;
    if (!sample) continue;
    ++samples;
    CHECK(sample->sent_offset() == -world.clock_error);  // chrony's offset: true less system time
  }
  CHECK(samples > 30);
}

TEST_CASE("a refused pulse leaves no trace in the line", "[driver][lateness]") {
  World world;
  world.pulse_delay = one_sided;
  World noisy = world;
  noisy.extra_edges = [](int s) {
    return s % 50 == 40 ? std::vector<double>{0.3} : std::vector<double>{};
  };
  auto options = scenarios::options();
  options.lateness = LatenessMode::line;
  const auto sent = [&](const World& w) {
    Bridge bridge{options};
    std::vector<nanoseconds> corrections;
    for (const auto& event : w.live(200)) {
      const auto step = bridge.step(event);
      if (const auto* sample = step.decision ? std::get_if<Sample>(&*step.decision) : nullptr)
        corrections.push_back(sample->correction);
    }
    return corrections;
  };
  CHECK(sent(world) == sent(noisy));
}

TEST_CASE("without the raw clock no pulse is corrected", "[driver][lateness]") {
  World world;
  world.raw = false;
  world.pulse_delay = one_sided;
  auto options = scenarios::options();
  options.lateness = LatenessMode::line;
  Bridge bridge{options};
  for (const auto& event : world.live(120)) {
    const auto step = bridge.step(event);
    if (const auto* sample = step.decision ? std::get_if<Sample>(&*step.decision) : nullptr)
      CHECK(sample->correction == 0ns);
  }
}
