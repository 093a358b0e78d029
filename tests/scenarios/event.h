#pragma once
// An event of a simulation, with the truth about its edge, and how far a sample is from that truth.

#include <cstdint>
#include <optional>

#include "driver/core/bridge.h"
#include "driver/core/event.h"

namespace ntsbox::scenarios {

/// What the daemon does not know of an edge.
struct EdgeTruth {
  std::int64_t second = -1;   // true second, since the start, that the receiver marked; -1: none
  nanoseconds true_offset{};  // true minus system time at the stamp, on the clock as it now is
  bool leap = false;          // the second is 23:59:60, for which there is no right sample
};

struct SimulatedEvent {
  driver::Event event;
  std::optional<EdgeTruth> edge;  // of a pulse
};

inline constexpr nanoseconds largest_error = 1ms;

/// The error of chronyd's clock if it followed the sample.
[[nodiscard]] inline nanoseconds error_of(const driver::Sample& sample, const EdgeTruth& edge) {
  return minus(sample.sent_offset(), edge.true_offset);
}

[[nodiscard]] inline bool is_right(const driver::Sample& sample, const EdgeTruth& edge) {
  return !edge.leap && std::chrono::abs(error_of(sample, edge)) <= largest_error;
}

}  // namespace ntsbox::scenarios
