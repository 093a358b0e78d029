// What checks the scenarios must itself be able to fail.

#include "tests/endurance/trial.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::endurance;
using scenarios::FaultKind;

namespace {

/// The first seed whose parameters are as `wanted`.
template <class Wanted>
std::uint64_t seed_of(Wanted wanted) {
  std::uint64_t seed = 1;
  while (!wanted(scenarios::parameters_of(seed))) ++seed;
  return seed;
}

bool plain(const scenarios::Parameters& parameters) {
  return !parameters.witness && parameters.raw && std::chrono::abs(parameters.clock_error) < 1ms &&
         parameters.leap_at < 0 && parameters.delay == scenarios::DelayModel::steady &&
         scenarios::first_month_end(parameters.start) > 86'400;
}

}  // namespace

TEST_CASE("a scenario without faults is served from the fifteenth second on") {
  const auto trial = run_bridge({seed_of(plain), 3600, {}});
  CHECK_FALSE(trial.first_violation);
  CHECK(trial.tally.healthy == 3600 - 16);
  CHECK(trial.tally.healthy_served + 5 >= trial.tally.healthy);
  CHECK(trial.tally.events >= 4 * 3600 - 4);
}

TEST_CASE("an undetectable fault from the beginning counts as wrong samples") {
  const auto trial = run_bridge({seed_of(plain), 120, {{FaultKind::wrong_second, 0ns, 120s, 3}}});
  REQUIRE(trial.first_violation);
  CHECK(std::chrono::round<seconds>(trial.first_violation->error) == 3s);
  CHECK(trial.tally.wrong > 90);
  CHECK(trial.tally.off == 0);
  CHECK(trial.tally.classes[static_cast<std::size_t>(FaultKind::wrong_second)].wrong ==
        trial.tally.wrong);
}

TEST_CASE("the other edge of the pulse from the beginning is off by more than a millisecond") {
  const auto trial = run_bridge({seed_of(plain), 120, {{FaultKind::other_edge, 0ns, 120s, 0.1}}});
  REQUIRE(trial.first_violation);
  CHECK(trial.tally.wrong == 0);
  CHECK(trial.tally.off > 90);
}

TEST_CASE("shrinking removes the faults that a failure does not need") {
  scenarios::Scenario scenario{seed_of(plain), 300, {}};
  for (int i = 0; i < 10; ++i)
    scenario.faults.push_back({FaultKind::glitches, (200 + i) * 1s, (201 + i) * 1s, 2});
  scenario.faults.insert(scenario.faults.begin(), {FaultKind::wrong_second, 0ns, 120s, 3});
  const auto small = shrink(
      scenario, [](const scenarios::Scenario& tried) { return run_bridge(tried).first_violation; });
  REQUIRE(small.faults.size() == 1);
  CHECK(small.faults.front().kind == FaultKind::wrong_second);
}

TEST_CASE("seconds are healthy fifteen seconds after a fault, later after a contradiction") {
  const auto seed = seed_of(plain);
  const auto healthy_again = [&](FaultKind kind) {
    const scenarios::Scenario scenario{seed, 1000, {{kind, 100s, 110s, 1}}};
    const auto healthy = healthy_seconds(scenario, scenarios::parameters_of(seed));
    CHECK(healthy[99]);
    CHECK_FALSE(healthy[100]);
    return std::find(healthy.begin() + 100, healthy.end(), true) - healthy.begin();
  };
  CHECK(healthy_again(FaultKind::no_pulse) == 126);
  CHECK(healthy_again(FaultKind::wrong_second) == 186);
  CHECK(healthy_again(FaultKind::other_edge) == 726);
}

TEST_CASE("a scenario is formatted and parsed back") {
  const auto scenario = scenarios::random_scenario(22, 86'400);
  REQUIRE(scenario.faults.size() > 10);
  const auto back = scenarios::parse_scenario(scenarios::format_scenario(scenario));
  REQUIRE(back);
  CHECK(back->seed == scenario.seed);
  CHECK(back->length == scenario.length);
  CHECK(back->faults == scenario.faults);
  CHECK_FALSE(scenarios::parse_scenario("seed 1 length 2; no-pulse 1 2"));
  CHECK_FALSE(scenarios::parse_scenario("seed 1 length 2; no-such-fault 1 2 0"));
  CHECK_FALSE(scenarios::parse_scenario("length 2"));
}
