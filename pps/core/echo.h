#pragma once
// What the echo of a machine's own pulses tells of its interrupt latency.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"

namespace ntsbox::pps {

/// A pulse that was made: the clock before it was asked for, and once that was done.
struct Edge {
  SystemTime before, after;
};

struct EchoLatency {
  std::size_t echoes = 0;
  nanoseconds usual{};     // the median: what a stamp that nobody corrects is late by
  nanoseconds earliest{};  // a twentieth are not later: what the line under the earliest is late by
  nanoseconds percent_99{};   // for what an owner may expect
  nanoseconds uncertainty{};  // of the two first: half of what making a pulse takes, and the
                              // scatter of a median
};

/// `edges` in the order of time, and the stamps of what came back. An edge lies between its two
/// clock readings, so the middle between them is taken for it. Empty for fewer echoes than
/// `least_echoes`.
inline constexpr std::size_t least_echoes = 10;
[[nodiscard]] std::optional<EchoLatency> latency_of(std::span<const Edge> edges,
                                                    std::span<const SystemTime> stamps);

/// Whether it may be an interrupt's latency at all: the other edge, or a pulse that is not the
/// wire's, is not.
[[nodiscard]] bool is_plausible(const EchoLatency& latency);

/// chrony's `delay`: half of it is what clients hear of an error that no statistics show, so it is
/// twice what may be wrong. In seconds; with the latency corrected, or not.
[[nodiscard]] double chrony_delay(const EchoLatency& latency, bool corrected);

}  // namespace ntsbox::pps
