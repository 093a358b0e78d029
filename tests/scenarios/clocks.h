#pragma once
// The three clocks of a machine as functions of true time: one oscillator, the slews of chronyd,
// and steps.

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "tests/scenarios/models.h"

namespace ntsbox::scenarios {

/// True time since the start.
using SinceStart = nanoseconds;

/// A step of CLOCK_REALTIME.
struct ClockStep {
  SinceStart when;
  nanoseconds by;
};

/// CLOCK_REALTIME and CLOCK_MONOTONIC run this much faster.
struct Slew {
  SinceStart from;
  SinceStart until;
  double ppm;
};

struct ClockOptions {
  nanoseconds system_at_start{};  // what CLOCK_REALTIME shows
  bool disciplined = true;        // slewing corrects the oscillator's constant error
  nanoseconds phase{};            // within a second: when a frequency changes
  std::vector<ClockStep> steps;   // in order
  std::vector<Slew> slews;        // in order of their beginning
};

class MachineClocks {
 public:
  MachineClocks(ClockOptions options, const Oscillator& oscillator);

  /// From now on the clocks are read at `now` or later, and at most a second after it.
  void advance(SinceStart now);

  [[nodiscard]] nanoseconds raw(SinceStart when) const;
  [[nodiscard]] nanoseconds monotonic(SinceStart when) const;
  [[nodiscard]] nanoseconds system(SinceStart when) const;

  /// The sum of all steps until `when`.
  [[nodiscard]] nanoseconds stepped(SinceStart when) const;
  /// Whether the clock is being slewed.
  [[nodiscard]] bool slewing(SinceStart when) const;

 private:
  /// A second of steady frequencies.
  struct Stretch {
    SinceStart start;
    nanoseconds raw;
    nanoseconds monotonic;
    double raw_ppm;
    double monotonic_ppm;
  };

  [[nodiscard]] const Stretch& stretch_of(SinceStart when) const;
  [[nodiscard]] Stretch after(const Stretch& stretch);
  [[nodiscard]] double slew_ppm(SinceStart when) const;

  ClockOptions options_;
  Oscillator oscillator_;
  Stretch now_;
  Stretch next_;
  std::size_t steps_done_ = 0;
  nanoseconds stepped_{};
  std::size_t slews_done_ = 0;
};

}  // namespace ntsbox::scenarios
