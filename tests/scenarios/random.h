#pragma once
// Random numbers that are the same on every machine and with every compiler, so that a seed names a
// scenario. (The distributions of the standard library differ between libraries.)

#include <cmath>
#include <cstdint>
#include <numbers>

namespace ntsbox::scenarios {

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// A stream for each purpose and second, so that removing one fault from a scenario leaves the
  /// rest unchanged.
  Random(std::uint64_t seed, std::uint64_t purpose, std::int64_t second) : state_(seed) {
    state_ = bits() + purpose;
    state_ = bits() + static_cast<std::uint64_t>(second);
  }

  std::uint64_t bits() {
    auto z = state_ += 0x9e37'79b9'7f4a'7c15;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  /// 0 <= x < 1.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  double uniform(double from, double until) { return from + (until - from) * uniform(); }

  /// 0 <= n < `count`.
  int below(int count) { return static_cast<int>(uniform() * count); }

  bool chance(double probability) { return uniform() < probability; }

  double exponential(double mean) { return -mean * std::log1p(-uniform()); }

  /// Mean 0, sigma 1 (Box and Muller, 1958).
  double normal() {
    const double radius = std::sqrt(exponential(2));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace ntsbox::scenarios
