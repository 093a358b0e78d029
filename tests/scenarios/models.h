#pragma once
// How late things are (a stamp after its edge, a burst of messages after its pulse), and how the
// frequency of the machine's oscillator wanders.

#include <cstdint>

#include "base/time.h"
#include "tests/scenarios/random.h"

namespace ntsbox::scenarios {

/// The lateness of the kernel's stamp (no interrupt is early).
enum class InterruptModel : std::uint8_t {
  ideal,
  gaussian,     // 5 µs, sigma 1 µs
  exponential,  // 3 µs and a mean of 2 µs
  tails,        // 90 % mean 3 µs, 9 % mean 30 µs, 1 % up to 500 µs
  bursts,       // tails; for 60 s in 300 s, half are up to 200 µs late
  floors,       // exponential; 5 µs more every other 300 s
  load,         // 3 µs and a mean of 3 µs; for 60 s in 300 s 20 µs more, and most up to 200 µs
};
inline constexpr int interrupt_models = 7;

[[nodiscard]] nanoseconds interrupt_lateness(InterruptModel model, std::int64_t second,
                                             Random& random);

/// The delay from an edge to the first byte of its messages.
enum class DelayModel : std::uint8_t {
  steady,     // 150 ms, sigma 5 ms
  normal,     // 0.5 s, sigma 0.15 s
  uniform,    // 0.05 to 0.95 s
  wandering,  // 0.3 to 0.7 s and back within 17 min
};
inline constexpr int delay_models = 4;

[[nodiscard]] nanoseconds message_delay(DelayModel model, std::int64_t second, Random& random);

/// A time of `in_seconds`.
[[nodiscard]] inline nanoseconds span(double in_seconds) {
  return nanoseconds{static_cast<std::int64_t>(in_seconds * 1e9)};
}

enum class Wander : std::uint8_t {
  none,
  room,    // 0.1 ppm over half an hour, 0.02 ppm over five minutes, and a random walk
  heater,  // the same, and every hour 0.5 ppm within 100 s, back ten minutes later
};

class Oscillator {
 public:
  /// `ppm`: the constant frequency error.
  Oscillator(double ppm, Wander wander, std::uint64_t seed)
      : ppm_(ppm), wander_(wander), random_(seed) {}

  /// The constant frequency error.
  [[nodiscard]] double ppm() const { return ppm_; }

  /// The change of frequency in the next second, in ppm. To be called once a second, in order.
  double next_wander();

 private:
  double ppm_;
  Wander wander_;
  Random random_;
  double walk_ = 0;  // ppm
  std::int64_t second_ = 0;
};

}  // namespace ntsbox::scenarios
