#include "tests/scenarios/lateness.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ntsbox::scenarios {
namespace {

constexpr double us = 1e-6;

bool in_episode(std::int64_t second) {
  return second % 300 >= 240;
}

double tails(Random& random) {
  const double which = random.uniform();
  if (which < 0.90) return random.exponential(3 * us);
  if (which < 0.99) return random.exponential(30 * us);
  return random.uniform(0, 500 * us);
}

}  // namespace

nanoseconds interrupt_lateness(InterruptModel model, std::int64_t second, Random& random) {
  switch (model) {
    case InterruptModel::ideal:
      return 0ns;
    case InterruptModel::gaussian:
      return span(std::max(0.0, 5 * us + us * random.normal()));
    case InterruptModel::exponential:
      return span(3 * us + random.exponential(2 * us));
    case InterruptModel::tails:
      return span(tails(random));
    case InterruptModel::bursts:
      return span(in_episode(second) && random.chance(0.5) ? random.uniform(0, 200 * us)
                                                           : tails(random));
    case InterruptModel::floors:
      return span((second % 600 < 300 ? 3 : 8) * us + random.exponential(2 * us));
    case InterruptModel::load: {
      const double quiet = 3 * us + random.exponential(3 * us);
      if (!in_episode(second)) return span(quiet);
      return span(quiet + 20 * us + (random.chance(0.6) ? random.uniform(0, 200 * us) : 0));
    }
  }
  return 0ns;
}

nanoseconds sentence_latency(SentenceModel model, std::int64_t second, Random& random) {
  constexpr double soonest = 0.001;  // none comes before what it tells of
  switch (model) {
    case SentenceModel::steady:
      return span(std::max(soonest, 0.15 + 0.005 * random.normal()));
    case SentenceModel::normal:
      return span(std::max(soonest, 0.5 + 0.15 * random.normal()));
    case SentenceModel::uniform:
      return span(random.uniform(0.05, 0.95));
    case SentenceModel::wandering: {
      const auto phase = static_cast<double>(second % 1020) / 1020;
      return span(0.5 + 0.2 * std::sin(2 * std::numbers::pi * phase) + random.uniform(-0.02, 0.02));
    }
  }
  return 0ns;
}

}  // namespace ntsbox::scenarios
