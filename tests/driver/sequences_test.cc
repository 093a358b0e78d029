// Random sequences of some hundred events: in none of them is a second wrong. (NTSBOX_SEEDS=100
// makes 100000 of them, which takes some minutes.)

#include "tests/scenarios/sequence.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

constexpr int length = 70;  // seconds, of four events and more

int wrong_in(const Sequence& sequence) {
  return live(world_of(sequence), length).wrong;
}

std::string told(const Sequence& sequence) {
  std::string text = "seed " + std::to_string(sequence.seed) + ", start " +
                     std::to_string(sequence.start) + (sequence.raw ? ", raw" : "") + ", latency " +
                     std::to_string(sequence.latency) + "\n";
  for (const auto& act : sequence.acts) text += name_of(act) + "\n";
  return text;
}

}  // namespace

TEST_CASE("no second is wrong in any of many random sequences", "[driver][sequence][slow]") {
  const int sequences = seeds(1000);
  int samples = 0;
  for (unsigned seed = 1; seed <= static_cast<unsigned>(sequences); ++seed) {
    const auto sequence = random_sequence(seed, length);
    const auto outcome = live(world_of(sequence), length);
    samples += outcome.samples;
    if (outcome.wrong == 0) continue;
    const auto smallest =
        shrunk(sequence, [](const Sequence& smaller) { return wrong_in(smaller) > 0; });
    FAIL_CHECK(told(smallest));
  }
  CHECK(samples > sequences * 10);  // a silent bridge must not pass
}

TEST_CASE("what fails is shrunk to the acts that it needs", "[driver][sequence]") {
  Sequence sequence{1, a_morning, true, 0.15, {}};
  for (int s = 0; s < 5; ++s) sequence.acts.push_back({Act::Kind::glitch, s, 8, 0.1 * s, 0});
  const auto smallest = shrunk(sequence, [](const Sequence& s) {
    return std::any_of(s.acts.begin(), s.acts.end(), [](const Act& act) { return act.from == 3; });
  });
  REQUIRE(smallest.acts.size() == 1);
  CHECK(smallest.acts[0].from == 3);
  CHECK(smallest.acts[0].length == 1);
}
