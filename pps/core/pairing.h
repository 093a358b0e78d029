#pragma once
// Which pulse of one source belongs to which of another, and what is missing.

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace ntsbox::pps {

/// What became of one source's pulses.
struct Tally {
  std::int64_t pulses = 0;
  std::int64_t missing = 0;  // the other source had a pulse with none of this one's near it
  std::int64_t extra = 0;    // pulses near one of the other's that has a nearer partner

  friend bool operator==(const Tally&, const Tally&) = default;
};

/// How far apart a pair is.
struct Phase {
  std::int64_t second = 0;  // since the first pair, by A's pulses: neighbours are one apart
  nanoseconds value{};      // stamp of B less stamp of A: positive when B comes later

  friend bool operator==(const Phase&, const Phase&) = default;
};

struct Comparison {
  Tally a, b;
  std::int64_t silent = 0;  // seconds between pulses in which neither source had one
  std::vector<Phase> phases;
};

/// When both sources were listened to. A pulse without a partner within half a second of either end
/// is nobody's fault.
struct Watch {
  SystemTime from, until;
};

/// Pairs what is nearest to each other, and less than half a second apart. The stamps of each
/// source in the order of time; one that goes back (a step of the clock) is left out, as extra.
[[nodiscard]] Comparison compare(std::span<const SystemTime> a, std::span<const SystemTime> b,
                                 const Watch& watch);

}  // namespace ntsbox::pps
