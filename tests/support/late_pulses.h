#pragma once
// Pulses of known lateness on a clock of known wander: seven models of how late an interrupt is
// served, three of how a crystal's frequency moves. What is right is known to the nanosecond.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <string_view>
#include <vector>

#include "driver/core/lateness.h"

namespace ntsbox::driver::testing {

enum class LateModel : std::uint8_t { none, gaussian, idle, loaded, bursts, stepping, raised };
inline constexpr std::array<std::string_view, 7> late_model_names{
    "L0 none", "L1 Gaussian", "L2 idle", "L3 loaded", "L4 bursts", "L5 stepping", "L6 raised"};

/// none; slow waves and a random walk of frequency; those and a ramp of 0.5 ppm within 100 s, and
/// back.
enum class Wander : std::uint8_t { none, slow, ramp };

class LatePulses {
 public:
  LatePulses(LateModel model, Wander wander, unsigned seed)
      : model_(model), wander_(wander), random_(seed) {}

  struct Next {
    Sample sample;    // on a system clock that is exactly right
    RawTime edge;     // its stamp, on an oscillator that is 20 ppm fast and wanders
    double late = 0;  // ns
  };

  /// The pulse of the next second.
  Next next() {
    const double late = lateness();
    const auto stamped = std::llround(late);
    const seconds second{start + n_};
    const Next made{
        {SystemTime{second + nanoseconds{stamped}}, UtcSecond{second}, nanoseconds{-stamped}, 0ns},
        RawTime{1000s + seconds{n_} + nanoseconds{std::llround(phase_) + stamped}},
        late};
    phase_ += 20'000 + frequency();
    ++n_;
    return made;
  }

  /// The crystal's phase at the pulse that comes next, ns.
  [[nodiscard]] double phase() const { return phase_; }

 private:
  static constexpr std::int64_t start = 1'795'341'600;

  double uniform() { return std::uniform_real_distribution<>{}(random_); }

  double exponential(double mean) { return -mean * std::log1p(-uniform()); }

  double normal() { return std::normal_distribution<>{}(random_); }

  /// Whether 60 s in each 300 s are busy ones.
  [[nodiscard]] bool busy() const { return n_ % 300 >= 200 && n_ % 300 < 260; }

  /// ns; never early.
  double lateness() {
    switch (model_) {
      case LateModel::none:
        return 0;
      case LateModel::gaussian:
        return std::max(0.0, 5000 + 1000 * normal());
      case LateModel::idle:
        return 3000 + exponential(2000);
      case LateModel::bursts:
        return busy() && uniform() < 0.5 ? 200'000 * uniform() : loaded();
      case LateModel::loaded:
        return loaded();
      case LateModel::stepping:
        return 3000 + exponential(2000) + (n_ / 300 % 2 == 1 ? 5000 : 0);
      case LateModel::raised:
        return 3000 + exponential(3000) + (busy() ? 20'000 : 0) +
               (busy() && uniform() < 0.6 ? 200'000 * uniform() : 0);
    }
    return 0;
  }

  double loaded() {
    const double kind = uniform();
    return kind < 0.90   ? exponential(3000)
           : kind < 0.99 ? exponential(30'000)
                         : 500'000 * uniform();
  }

  /// ns a second.
  double frequency() {
    if (wander_ == Wander::none) return 0;
    const auto t = static_cast<double>(n_);
    walk_ += 0.3 * normal();
    const double waves = 100 * std::sin(2 * std::numbers::pi * t / 1800) +
                         20 * std::sin(2 * std::numbers::pi * t / 300 + 1);
    if (wander_ == Wander::slow) return walk_ + waves;
    return walk_ +
           500 * (std::clamp((t - 800) / 100, 0.0, 1.0) - std::clamp((t - 1400) / 100, 0.0, 1.0));
  }

  LateModel model_;
  Wander wander_;
  std::mt19937 random_;
  std::int64_t n_ = 0;
  double phase_ = 0;
  double walk_ = 0;
};

/// Of errors about their mean, in ns: the mean is the board's latency, which nobody inside knows.
struct Spread {
  double deviation = 0;
  double p99 = 0;
};

inline Spread spread_of(std::vector<double> errors) {
  double mean = 0;
  for (const double error : errors) mean += error / static_cast<double>(errors.size());
  double squares = 0;
  for (double& error : errors) {
    error = std::abs(error - mean);
    squares += error * error;
  }
  const auto p99 = errors.begin() + static_cast<std::ptrdiff_t>(errors.size() * 99 / 100);
  std::nth_element(errors.begin(), p99, errors.end());
  return {std::sqrt(squares / static_cast<double>(errors.size())), *p99};
}

/// What is left of the lateness in the stamps of 1600 s, after 400 s to settle.
inline Spread left_over(LateModel model, Wander wander, unsigned seed, LatenessMode mode) {
  LatePulses pulses{model, wander, seed};
  Lateness lateness{mode};
  std::vector<double> errors;
  for (int n = 0; n < 2000; ++n) {
    const auto pulse = pulses.next();
    const auto correction = lateness.estimate(pulse.sample, pulse.edge);
    if (n >= 400) errors.push_back(pulse.late - static_cast<double>(correction.count()));
  }
  return spread_of(std::move(errors));
}

}  // namespace ntsbox::driver::testing
