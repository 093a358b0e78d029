// What checks the scenarios must itself be able to fail.

#include "tests/endurance/trial.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::endurance;
using scenarios::Fault;
using scenarios::FaultKind;

namespace {

/// The first seed whose character is as `wanted`.
template <class Wanted>
std::uint64_t seed_of(Wanted wanted) {
  std::uint64_t seed = 1;
  while (!wanted(scenarios::character_of(seed))) ++seed;
  return seed;
}

bool plain(const scenarios::Character& character) {
  return !character.witness && character.raw && std::chrono::abs(character.clock_error) < 1ms &&
         character.leap_at < 0 && character.sentence == scenarios::SentenceModel::steady &&
         scenarios::first_month_end(character.start) > 86'400;
}

}  // namespace

TEST_CASE("a life without faults is served from the fifteenth second on") {
  const auto trial = live({seed_of(plain), 3600, {}});
  CHECK_FALSE(trial.first_violation);
  CHECK(trial.tally.healthy == 3600 - 16);
  CHECK(trial.tally.healthy_served + 5 >= trial.tally.healthy);
  CHECK(trial.tally.events >= 4 * 3600 - 4);
}

TEST_CASE("a lie from the beginning, which nobody can know for one, is seen by the judge") {
  const auto trial = live({seed_of(plain), 120, {{FaultKind::wrong_second, 0ns, 120s, 3}}});
  REQUIRE(trial.first_violation);
  CHECK(std::chrono::round<seconds>(trial.first_violation->error) == 3s);
  CHECK(trial.tally.wrong > 90);
  CHECK(trial.tally.off == 0);
  CHECK(trial.tally.classes[static_cast<std::size_t>(FaultKind::wrong_second)].wrong ==
        trial.tally.wrong);
}

TEST_CASE("the other edge of the pulse from the beginning is off by more than a millisecond") {
  const auto trial = live({seed_of(plain), 120, {{FaultKind::other_edge, 0ns, 120s, 0.1}}});
  REQUIRE(trial.first_violation);
  CHECK(trial.tally.wrong == 0);
  CHECK(trial.tally.off > 90);
}

TEST_CASE("what does not matter is shrunk out of a life that fails") {
  scenarios::LifePlan plan{seed_of(plain), 300, {}};
  for (int i = 0; i < 10; ++i)
    plan.faults.push_back({FaultKind::glitches, (200 + i) * 1s, (201 + i) * 1s, 2});
  plan.faults.insert(plan.faults.begin(), {FaultKind::wrong_second, 0ns, 120s, 3});
  const auto small =
      shrink(plan, [](const scenarios::LifePlan& tried) { return live(tried).first_violation; });
  REQUIRE(small.faults.size() == 1);
  CHECK(small.faults.front().kind == FaultKind::wrong_second);
}

TEST_CASE("health comes back fifteen seconds after a fault, later after a contradiction") {
  const auto seed = seed_of(plain);
  const auto healthy_again = [&](FaultKind kind) {
    const scenarios::LifePlan plan{seed, 1000, {{kind, 100s, 110s, 1}}};
    const auto healthy = healthy_seconds(plan, scenarios::character_of(seed));
    CHECK(healthy[99]);
    CHECK_FALSE(healthy[100]);
    return std::find(healthy.begin() + 100, healthy.end(), true) - healthy.begin();
  };
  CHECK(healthy_again(FaultKind::no_pulse) == 126);
  CHECK(healthy_again(FaultKind::wrong_second) == 186);
  CHECK(healthy_again(FaultKind::other_edge) == 726);
}

TEST_CASE("a life is written down and read back") {
  const auto plan = scenarios::random_plan(22, 86'400);
  REQUIRE(plan.faults.size() > 10);
  const auto back = scenarios::parse_plan(scenarios::format_plan(plan));
  REQUIRE(back);
  CHECK(back->seed == plan.seed);
  CHECK(back->length == plan.length);
  CHECK(back->faults == plan.faults);
  CHECK_FALSE(scenarios::parse_plan("seed 1 length 2; no-pulse 1 2"));
  CHECK_FALSE(scenarios::parse_plan("seed 1 length 2; no-such-fault 1 2 0"));
  CHECK_FALSE(scenarios::parse_plan("length 2"));
}
