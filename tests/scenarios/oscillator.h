#pragma once
// The machine's crystal: how its frequency wanders, second by second.

#include <cstdint>

#include "tests/scenarios/random.h"

namespace ntsbox::scenarios {

enum class Wander : std::uint8_t {
  none,
  room,    // 0.1 ppm over half an hour, 0.02 ppm over five minutes, and a random walk
  heater,  // the same, and every hour 0.5 ppm within 100 s, back ten minutes later
};

class Oscillator {
 public:
  /// `ppm`: how fast the crystal is for good.
  Oscillator(double ppm, Wander wander, std::uint64_t seed)
      : ppm_(ppm), wander_(wander), random_(seed) {}

  /// For good, in ppm.
  [[nodiscard]] double ppm() const { return ppm_; }

  /// The departure from that in the next second, in ppm. To be asked once a second, in order.
  double next_wander();

 private:
  double ppm_;
  Wander wander_;
  Random random_;
  double walk_ = 0;  // ppm
  std::int64_t second_ = 0;
};

}  // namespace ntsbox::scenarios
