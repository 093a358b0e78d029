#pragma once
// Pulses for the lateness estimate, as late as a test says.

#include "driver/core/lateness.h"
#include "tests/support/catch.h"

namespace ntsbox::driver::testing {

/// A pulse a second, each so late, on an oscillator that is 20 ppm fast.
class Pulses {
 public:
  explicit Pulses(LatenessMode mode) : lateness(mode) {}

  /// The correction of the next one.
  nanoseconds next(nanoseconds late) {
    const seconds second{1'795'341'600 + n_};
    const nanoseconds raw = 1000s + seconds{n_} + n_ * 20us + late;
    ++n_;
    return lateness.estimate({SystemTime{second + late}, UtcSecond{second}, -late, 0ns},
                             RawTime{raw});
  }

  nanoseconds next(int count, nanoseconds late) {
    nanoseconds last{};
    for (int i = 0; i < count; ++i) last = next(late);
    return last;
  }

  void pass(int seconds) { n_ += seconds; }

  Lateness lateness;

 private:
  int n_ = 0;
};

/// That many pulses, none of them late.
inline Pulses punctual(int count, LatenessMode mode = LatenessMode::line) {
  Pulses pulses{mode};
  CHECK(pulses.next(count, 0ns) == 0ns);
  return pulses;
}

}  // namespace ntsbox::driver::testing
