#pragma once
// How steady the pulses are: how far each lies from the middle between its neighbours. That is
// blind to a clock that is fast or slow, and sees the pulse, the wire and the interrupt alone.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "driver/core/decision.h"

namespace ntsbox::driver {

class Jitter {
 public:
  static constexpr std::size_t bin_count = 10;
  static constexpr std::size_t window = 1000;
  using Histogram = std::array<std::uint64_t, bin_count>;

  /// Samples in order. One whose neighbours are missing is not judged, nor one that a step of the
  /// clock tore away from them. How far the one before `sample` was off, ns, at least 0; empty when
  /// it was not judged.
  std::optional<nanoseconds> take(const Sample& sample);

  /// All so far, and the last `window` of them.
  [[nodiscard]] const Histogram& total() const { return total_; }

  [[nodiscard]] const Histogram& recent() const { return recent_; }

  /// What a bin holds is less than this: "100ns", ..., "1ms", and "more" for the last.
  [[nodiscard]] static std::string_view below(std::size_t bin);

 private:
  void count(nanoseconds departure);

  std::array<std::optional<Sample>, 2> before_;  // the last one, and the one before it
  Histogram total_{}, recent_{};
  std::array<std::uint8_t, window> bins_{};  // of the recent ones, in a ring
  std::size_t next_ = 0;
  bool full_ = false;
};

}  // namespace ntsbox::driver
