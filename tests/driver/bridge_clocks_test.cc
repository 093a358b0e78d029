// The bridge in simulated runs whose clocks are disturbed, or whose clock status is read.

#include "driver/core/bridge.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

TEST_CASE("a clock step neither stops the samples nor lets through a pulse stamped before it") {
  World world;
  world.raw = GENERATE(true, false);
  const auto size =
      GENERATE(as<nanoseconds>{}, 300ms, -300ms, 1s, -1s, 2s, 3600s, -3600s, 86'400s * 365);
  // The step falls between the edge of second 60 and its handover.
  const double when = GENERATE(60.00005, 60.0002, 60.3, 60.9999);
  world.steps[when] = size;
  const auto outcome = live(world, 120);
  CHECK(outcome.sent_between(15, 60) == 45);
  INFO("step of " << size.count() << " ns at " << when);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(62, 120) == 58);
  if (when < 60.0001) CHECK(outcome.refused.at(Reason::clock_step) >= 1);
  if (when < 60.0001) CHECK(outcome.sent_between(60, 61) == 0);
}

TEST_CASE("a disturbed reading of the clocks costs its own pulse, and is no step") {
  World world;
  world.reading_noise = [](std::mt19937& random) -> nanoseconds {
    return random() % 50 == 0 ? nanoseconds{2'000'000 + random() % 20'000'000}
                              : nanoseconds{random() % 3000};
  };
  world.raw = GENERATE(true, false);
  const auto outcome = live(world, 2000);
  CHECK(outcome.wrong == 0);
  const auto disturbed = outcome.refused.at(Reason::clock_step);
  CHECK(disturbed < 60);
  CHECK(outcome.sent_between(15, 2000) + disturbed >= 1983);
}

TEST_CASE("a slew of the clock at chronyd's fastest is not taken for a jump of the pulse") {
  // Only without raw time does it show at all; a few pulses are lost where it begins and ends.
  World world;
  world.raw = false;
  world.clock_ppm = GENERATE(83'333.0, -83'333.0);
  const auto outcome = live(world, 120);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(30, 120) >= 80);
}

TEST_CASE(
    "a receiver more than a second late is detected by a synchronised clock, and by nothing else") {
  World world;
  world.latency = [](int) { return 1.3; };
  world.status = {true, 2ms};
  const auto outcome = live(world, 120);
  CHECK(outcome.samples == 0);
  CHECK(outcome.refused.at(Reason::witness) > 80);

  world.status = {false, 2ms};
  CHECK(live(world, 120).wrong > 0);  // the stated assumption: sentences come within a second

  world.status = {true, 2ms};
  auto deaf = options();
  deaf.witness = false;
  CHECK(live(world, 120, deaf).wrong > 0);
}

TEST_CASE(
    "a receiver that was wrong for minutes is accepted again though the kernel clock objected") {
  World world;
  world.status = {true, 2ms};
  world.label = [](int s) { return s >= 60 && s < 260 ? 1 : 0; };
  const auto outcome = live(world, 400);
  CHECK(outcome.wrong == 0);
  CHECK(outcome.sent_between(60, 260) <= 3);
  CHECK(outcome.sent_between(335, 400) == 65);
}
