#include "tests/scenarios/oscillator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ntsbox::scenarios {
namespace {

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
