#include "tests/scenarios/models.h"

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

constexpr double walk_ppm = 3e-4;  // a square root of a second
constexpr double widest_walk_ppm = 0.5;

double wave(std::int64_t second, std::int64_t period) {
  const auto phase = static_cast<double>(second % period) / static_cast<double>(period);
  return std::sin(2 * std::numbers::pi * phase);
}

/// 0.5 ppm up within 100 s, held, and back within 100 s.
double heater(std::int64_t second) {
  const auto t = static_cast<double>(second % 3600);
  return 0.5 * (std::clamp(t / 100, 0.0, 1.0) - std::clamp((t - 600) / 100, 0.0, 1.0));
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

nanoseconds message_delay(DelayModel model, std::int64_t second, Random& random) {
  constexpr double soonest = 0.001;  // none comes before what it tells of
  switch (model) {
    case DelayModel::steady:
      return span(std::max(soonest, 0.15 + 0.005 * random.normal()));
    case DelayModel::normal:
      return span(std::max(soonest, 0.5 + 0.15 * random.normal()));
    case DelayModel::uniform:
      return span(random.uniform(0.05, 0.95));
    case DelayModel::wandering: {
      const auto phase = static_cast<double>(second % 1020) / 1020;
      return span(0.5 + 0.2 * std::sin(2 * std::numbers::pi * phase) + random.uniform(-0.02, 0.02));
    }
  }
  return 0ns;
}

double Oscillator::next_wander() {
  const auto second = second_++;
  if (wander_ == Wander::none) return 0;
  // A sum of three is as good as a Gaussian in a random walk, and quicker.
  const double step = 2 * (random_.uniform() + random_.uniform() + random_.uniform() - 1.5);
  walk_ = std::clamp(walk_ + walk_ppm * step, -widest_walk_ppm, widest_walk_ppm);
  const double room = 0.1 * wave(second, 1800) + 0.02 * wave(second, 300) + walk_;
  return wander_ == Wander::heater ? room + heater(second) : room;
}

}  // namespace ntsbox::scenarios
