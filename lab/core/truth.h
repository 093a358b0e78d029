#pragma once
// What is told about an edge: the pulse line to the readers, the truth line to whoever wants to
// compare.

#include <cstdint>
#include <string>

#include "base/time.h"

namespace ntsbox::lab {

/// An edge as it was stamped: whatever the pulse was late is in the stamp.
struct StampedEdge {
  UtcSecond second;  // which it marks
  SystemTime stamp;
  std::uint32_t sequence;
};

/// "1795341599.995000000 812\n": a line of a pulse stream (docs/event-log.md).
[[nodiscard]] std::string pulse_line(const StampedEdge& edge);

/// {"second":1795341600,"stamp":"1795341599.995000000","sequence":812,"offset_ns":5000000} and a
/// line feed. offset_ns = second − stamp, exactly; both within the years 1678 to 2261.
[[nodiscard]] std::string truth_line(const StampedEdge& edge);

}  // namespace ntsbox::lab
