#pragma once
// The clock by which pulses are made, and the privilege of being on time.

#include "base/time.h"

namespace ntsbox::pps {

/// So that a test can stand in for a clock.
class Timekeeper {
 public:
  virtual ~Timekeeper() = default;
  [[nodiscard]] virtual SystemTime now();
  [[nodiscard]] virtual MonotonicTime monotonic();
  /// Returns at `time` by the system clock, or when a signal comes; somewhat later, as the kernel
  /// likes.
  virtual void sleep_until(SystemTime time);
  /// Whether the kernel holds the system clock synchronised. Where it may not be asked: not.
  [[nodiscard]] virtual bool synchronised();
};

/// Takes a real-time priority if the system allows that, and whether it did; locks memory if it
/// may.
[[nodiscard]] bool be_punctual();

}  // namespace ntsbox::pps
