// The bridge over simulated lives: what it sends, when it is silent, and that no second is ever
// wrong.

#include "driver/core/bridge.h"

#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

/// Every pulse of [from, until) was sent, and nothing wrong was.
void check_all_sent(const Outcome& outcome, int from, int until) {
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(from, until) == until - from);
}

void check_silent(const Outcome& outcome, int from, int until) {
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(from, until) == 0);
}

bool during(int s, int from, int until) {
  return s >= from && s < until;
}

}  // namespace

TEST_CASE(
    "a healthy receiver is accepted after ten consistent seconds, and then every pulse is sent") {
  World world;
  world.raw = GENERATE(true, false);
  world.clock_ppm = GENERATE(-80.0, 0.0, 300.0);
  const auto outcome = live(world, 300);
  check_all_sent(outcome, 15, 300);
  check_silent(outcome, 0, 10);
}

TEST_CASE("any constant message delay inside the band labels rightly, also late in the second") {
  World world;
  const double latency = GENERATE(0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.94);
  world.latency = [=](int) { return latency; };
  world.cycle = GENERATE(0.03, 0.6);
  check_all_sent(live(world, 120), 15, 120);
}

TEST_CASE("varying delays and messages that come two seconds late label no second wrongly") {
  std::mt19937 random{7};
  std::vector<double> latencies;
  std::normal_distribution<> normal{0.5, 0.15};
  std::uniform_real_distribution<> uniform{0.05, 0.95};
  const bool gaussian = GENERATE(true, false);
  const double burst_rate = GENERATE(0.0, 0.01);
  for (int s = 0; s < 3600; ++s) {
    auto l = std::max(0.0, gaussian ? normal(random) : uniform(random));
    if (std::uniform_real_distribution<>{}(random) < burst_rate) l += 2;
    latencies.push_back(l);
  }
  World world;
  world.cycle = 0.04;
  world.latency = [&](int s) { return latencies[static_cast<std::size_t>(s)]; };
  const auto outcome = live(world, 3600);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(30, 3600) > 3400);
}

TEST_CASE("a receiver whose epochs lie at a fraction of the second is labelled by that fraction") {
  World world;
  world.fix_fraction = GENERATE(0.2, 0.5, 0.949, 0.99);
  world.latency = [](int) { return 0.3; };
  check_all_sent(live(world, 120), 16, 119);
}

TEST_CASE("a clock that starts in 1970 gets exact offsets, after more messages") {
  World world;
  world.clock_error = nanoseconds{-a_morning * 1'000'000'000 + 12'345'678};
  const auto outcome = live(world, 100);
  check_all_sent(outcome, 25, 100);
  check_silent(outcome, 0, 20);
}

TEST_CASE("a lost fix stops samples at once, and a regained one resumes them within ten seconds") {
  World world;
  world.mode = [](int s) { return during(s, 60, 90) ? 1 : 3; };
  const auto outcome = live(world, 150);
  check_all_sent(outcome, 15, 60);
  check_silent(outcome, 61, 90);
  check_all_sent(outcome, 98, 150);
  CHECK(outcome.refused.at(Reason::no_fix) >= 28);
}

TEST_CASE(
    "a silent receiver stops samples within two seconds, and resumes within ten seconds of its "
    "return") {
  World world;
  world.speaks = [](int s) { return !during(s, 60, 120); };
  const auto outcome = live(world, 180);
  check_all_sent(outcome, 15, 60);
  check_silent(outcome, 63, 120);
  check_all_sent(outcome, 128, 180);
}

TEST_CASE("a receiver that sends fixes but never a TOFF labels no second") {
  World world;
  world.sends_toff = [](int) { return false; };
  const auto outcome = live(world, 60);
  CHECK(outcome.samples == 0);
  CHECK(outcome.refused.at(Reason::no_toff) > 40);
}

TEST_CASE(
    "the loss of gpsd stops samples at once, and a consistent return resumes within ten seconds") {
  World world;
  world.speaks = [](int s) { return !during(s, 60, 70); };
  world.extras[60.01] = [](Reading at) { return Event{at, GpsdLost{}}; };
  const auto outcome = live(world, 120);
  check_silent(outcome, 61, 70);
  check_all_sent(outcome, 78, 120);
  CHECK(outcome.refused.at(Reason::no_gpsd) >= 10);
}

TEST_CASE("pulses that stop and resume are labelled again within ten seconds") {
  World world;
  world.raw = GENERATE(true, false);
  const int gap = world.raw ? GENERATE(4, 30, 300, 900, 4800) : GENERATE(4, 30, 300);
  world.pulse = [=](int s) { return !during(s, 60, 60 + gap); };
  if (gap > 4) world.extras[60.5] = [](Reading at) { return Event{at, PpsLost{}}; };
  const auto outcome = live(world, 120 + gap);
  check_all_sent(outcome, 15, 60);
  check_all_sent(outcome, 60 + gap + 15, 120 + gap);
}

TEST_CASE("pulses that were away for too long to know their phase are labelled after a minute") {
  World world;
  world.raw = GENERATE(true, false);
  const int gap = world.raw ? 5000 : 600;
  world.pulse = [=](int s) { return !during(s, 60, 60 + gap); };
  const auto outcome = live(world, 200 + gap);
  check_silent(outcome, 60 + gap, 60 + gap + 55);
  check_all_sent(outcome, 60 + gap + 65, 200 + gap);
}

TEST_CASE("one missing pulse costs nothing but itself") {
  World world;
  world.pulse = [](int s) { return s != 60; };
  const auto outcome = live(world, 120);
  CHECK(outcome.sent_between(15, 120) == 104);
  CHECK(outcome.wrong == 0);
}

TEST_CASE("glitches are refused and the pulses beside them are sent") {
  std::mt19937 random{3};
  std::vector<std::vector<double>> glitches(2000);
  for (auto& g : glitches)
    if (random() % 50 == 0) g.push_back(0.002 + (static_cast<double>(random() % 996)) / 1000);
  World world;
  world.raw = GENERATE(true, false);
  world.extra_edges = [&](int s) { return glitches[static_cast<std::size_t>(s)]; };
  const auto outcome = live(world, 2000);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(30, 2000) > 1900);
}

TEST_CASE("pulses of another rate than 1 Hz send nothing") {
  World world;
  SECTION("2 Hz") {
    world.extra_edges = [](int) { return std::vector{0.5}; };
  }
  SECTION("5 Hz") {
    world.extra_edges = [](int) { return std::vector{0.2, 0.4, 0.6, 0.8}; };
  }
  SECTION("50 Hz mains beside the pulse") {
    world.extra_edges = [](int) {
      std::vector<double> hum;
      for (int i = 1; i < 50; ++i) hum.push_back(0.02 * i + 0.003);
      return hum;
    };
  }
  SECTION("0.5 Hz") {
    world.pulse = [](int s) { return s % 2 == 0; };
  }
  CHECK(live(world, 120).samples == 0);
}

TEST_CASE(
    "after a jump to the other edge no sample is sent for ten minutes, after the jump back at "
    "once") {
  World world;
  world.raw = GENERATE(true, false);
  const int back = world.raw ? 640 : 540;
  world.pulse_delay = [=](int s) { return during(s, 60, back) ? nanoseconds{100ms} : 0ns; };
  world.handover = [](int) { return 0.1001; };
  const auto outcome = live(world, 800);
  check_all_sent(outcome, 15, 60);
  check_silent(outcome, 60, back);
  check_all_sent(outcome, back + 20, 800);
}

TEST_CASE(
    "a young receiver that jumps by seconds or weeks is accepted after a minute, if it persists") {
  World world;
  const std::int64_t jump = GENERATE(1, -1, 5, 3600, 7 * 86'400);
  const bool behind_an_outage = GENERATE(false, true);
  world.label = [=](int s) { return s < 80 ? 0 : jump; };
  if (behind_an_outage) world.speaks = [](int s) { return !during(s, 60, 80); };
  Bridge bridge{options()};
  int sent_before = 0, sent_early = 0, sent_late = 0, s = -1;
  const int wait = 58;
  for (const auto& event : world.live(80 + wait + 160)) {
    if (std::holds_alternative<Pulse>(event.what)) ++s;
    const auto step = bridge.step(event);
    if (!step.decision || !std::holds_alternative<Sample>(*step.decision)) continue;
    const auto shift =
        std::get<Sample>(*step.decision).second - UtcSecond{seconds{world.start + s}};
    if (s < 80) {
      CHECK(shift == 0s);
      ++sent_before;
    } else if (shift == 0s) {
      ++sent_early;  // on the number carried, within two seconds of the last confirmation
    } else {
      CHECK(s >= 80 + wait);
      ++sent_late;
    }
  }
  CHECK(sent_before >= (behind_an_outage ? 45 : 65));
  // Its first message unlocks when it comes too early; a late one may be a stall, for two seconds.
  if (!behind_an_outage) CHECK(sent_early <= (jump > 0 ? 1 : 2));
  if (behind_an_outage) CHECK(sent_early == 0);
  CHECK(sent_late > 100);
}

TEST_CASE(
    "a receiver back from a wrong date to the counted second is accepted within ten "
    "seconds") {
  World world;
  world.label = [](int s) { return during(s, 60, 90) ? -1024 * 7 * 86'400 : 0; };
  const auto outcome = live(world, 150);
  check_all_sent(outcome, 15, 60);
  check_silent(outcome, 62, 90);
  check_all_sent(outcome, 98, 150);
}

TEST_CASE(
    "dates before the earliest one, or fifteen years after it, are refused with their own reason") {
  World world;
  const std::int64_t weeks = GENERATE(-2048, -1024, 1024, 2048);
  world.label = [=](int) { return weeks * 7 * 86'400; };
  const auto outcome = live(world, 60);
  CHECK(outcome.samples == 0);
  CHECK(outcome.refused.at(weeks < 0 ? Reason::before_floor : Reason::after_ceiling) > 40);
}

TEST_CASE("TPV and TOFF with different seconds are refused") {
  World world;
  const std::int64_t apart = GENERATE(1, -1, 100);
  world.toff_label = [=](int) { return apart; };
  const auto outcome = live(world, 60);
  CHECK(outcome.samples == 0);
  CHECK(outcome.refused.count(Reason::time_mismatch) == 1);
}

TEST_CASE(
    "a synchronised clock that agrees is no obstacle, nor is a status from before a clock step") {
  World world;
  world.status = {true, 2ms};
  check_all_sent(live(world, 120), 15, 120);
}

TEST_CASE("a leap second is silent, its pulse is never sent, and the count goes on right") {
  World world;
  world.start = 1'798'761'600 - 60;  // 2027-01-01T00:00:00Z less a minute
  world.raw = GENERATE(true, false);
  SECTION("none: twelve pulses are withheld") {
    const auto outcome = live(world, 120);
    CHECK(outcome.wrong == 0);
    CHECK(outcome.sent_between(15, 120) == 93);
    CHECK(outcome.refused.at(Reason::month_end) == 12);
  }
  SECTION("one is inserted, and gpsd tells it as the second after") {
    world.leap_at = 60;
    const auto outcome = live(world, 120);
    check_silent(outcome, 59, 70);
    check_all_sent(outcome, 80, 120);
  }
}

TEST_CASE("two receivers at once are refused unless one is named") {
  World world;
  for (int s = 0; s < 60; ++s)
    world.extras[s + 0.4] = [](Reading at) {
      return Event{at, GpsdReport{FixReport{"/dev/ttyUSB0", 3, 0, std::nullopt}}};
    };
  CHECK(live(world, 60).samples == 0);
  auto named = options();
  named.device = "/dev/ttyAMA0";
  check_all_sent(live(world, 60, named), 15, 60);
}

TEST_CASE("a simulated receiver in gpsd's own words is no fix") {
  Bridge bridge{options()};
  World world;
  int samples = 0;
  for (auto event : world.live(60)) {
    if (auto* report = std::get_if<GpsdReport>(&event.what))
      if (auto* fix = std::get_if<FixReport>(report)) fix->status = 8;
    const auto step = bridge.step(event);
    samples += step.decision && std::holds_alternative<Sample>(*step.decision);
  }
  CHECK(samples == 0);
}

TEST_CASE(
    "an edge reported twice is one edge, and a sequence that wraps or starts again costs nothing") {
  Bridge bridge{options()};
  int samples = 0, duplicates = 0;
  std::uint64_t base = GENERATE(as<std::uint64_t>{}, 0, 0xffffffffULL - 150);
  for (auto event : World{}.live(100)) {
    auto* pulse = std::get_if<Pulse>(&event.what);
    if (pulse) {
      pulse->sequence = static_cast<std::uint32_t>(base + pulse->sequence);
      if (pulse->stamp > SystemTime{seconds{a_morning + 60}}) pulse->sequence -= 50;
    }
    for (int i = 0; i < (pulse ? 2 : 1); ++i) {
      const auto step = bridge.step(event);
      if (!step.decision) continue;
      samples += std::holds_alternative<Sample>(*step.decision);
      const auto* reason = std::get_if<Reason>(&*step.decision);
      duplicates += reason && *reason == Reason::duplicate;
    }
  }
  CHECK(samples >= 85);
  CHECK(duplicates == 100);
}

TEST_CASE("pulses handed over more than a second late are not sent, but counted") {
  World world;
  world.handover = [](int s) { return during(s, 60, 65) ? 64.5 - s : 0.0001; };
  const auto outcome = live(world, 120);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.refused.at(Reason::late) == 4);
  CHECK(outcome.sent_between(75, 120) == 45);
}

TEST_CASE("every pulse has one decision and the counters add up") {
  World world;
  world.mode = [](int s) { return s % 40 < 5 ? 1 : 3; };
  world.extra_edges = [](int s) { return s % 7 == 0 ? std::vector{0.31} : std::vector<double>{}; };
  Bridge bridge{options()};
  std::uint64_t pulses = 0;
  for (const auto& event : world.live(500)) {
    const bool pulse = std::holds_alternative<Pulse>(event.what);
    pulses += pulse;
    CHECK(bridge.step(event).decision.has_value() == pulse);
  }
  std::uint64_t refused = 0;
  for (const auto n : bridge.counters().refused) refused += n;
  CHECK(bridge.counters().pulses == pulses);
  CHECK(bridge.counters().samples + refused == pulses);
}
