#pragma once
// Which pulses of two sources belong together, the statistics of their phases, and the timestamp
// latency that a loopback of a machine's own pulses measures.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"

namespace ntsbox::pps {

/// The number of one source's pulses, and how many were missing or extra.
struct Tally {
  std::int64_t pulses = 0;
  std::int64_t missing = 0;  // pulses of the other source without one of this source near them
  std::int64_t extra = 0;    // pulses near one of the other source that has a nearer partner

  friend bool operator==(const Tally&, const Tally&) = default;
};

/// The distance of a pair.
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

/// When both sources were open. A pulse without a partner is not counted within half a second of
/// either end.
struct Watch {
  SystemTime from, until;
};

/// Pairs the pulses that are nearest to each other and less than half a second apart. The stamps of
/// each source are in the order of time; a stamp that goes back (a step of the clock) counts as
/// extra.
[[nodiscard]] Comparison compare(std::span<const SystemTime> a, std::span<const SystemTime> b,
                                 const Watch& watch);

/// The quantile `share` (0 to 1) of `sorted`, by the nearest rank. `sorted` is in order and not
/// empty.
[[nodiscard]] nanoseconds at_share(std::span<const nanoseconds> sorted, double share);

struct Summary {
  std::size_t count = 0;
  nanoseconds least{}, percent_1{}, median{}, percent_99{}, most{};
  double mean = 0;       // ns
  double deviation = 0;  // ns, the standard deviation (n - 1); 0 for a single value
};

/// Empty for no values.
[[nodiscard]] std::optional<Summary> summary_of(std::vector<nanoseconds> values);

struct Instability {
  std::int64_t tau = 1;        // s
  double allan_deviation = 0;  // dimensionless: s of phase in a second
  std::size_t terms = 0;       // the number of differences in its mean
};

/// The overlapping Allan deviation of phases at 1, 2, 4, ... seconds (Riley, Handbook of Frequency
/// Stability Analysis, NIST SP 1065, 5.2.4), as long as there are at least four terms. A term needs
/// all three of its phases: gaps are not bridged. `phases` in the order of their seconds.
[[nodiscard]] std::vector<Instability> allan_deviations(std::span<const Phase> phases);

struct Bin {
  nanoseconds from{}, to{};  // from <= value < to
  std::size_t count = 0;
};

/// At most `bins` (at least 1) of equal width from the least to the greatest value; none for no
/// values.
[[nodiscard]] std::vector<Bin> histogram(std::span<const nanoseconds> values, std::size_t bins);

[[nodiscard]] std::vector<nanoseconds> values_of(std::span<const Phase> phases);

/// A pulse that the generator made: the clock just before and just after it set the line.
struct Edge {
  SystemTime before, after;
};

/// The timestamp latency of the pulses that came back.
struct LoopbackLatency {
  std::size_t returned = 0;
  nanoseconds usual{};        // the median: of an uncorrected stamp
  nanoseconds earliest{};     // the quantile 0.05: of the lower envelope
  nanoseconds percent_99{};   // the quantile 0.99
  nanoseconds uncertainty{};  // of the first two: half of the time to set the line, and the
                              // scatter of a median
};

inline constexpr std::size_t least_returned = 10;

/// From the edges that were made, in the order of time, and the stamps of those that came back. The
/// middle between an edge's two clock readings counts as its time. Empty when fewer than
/// `least_returned` came back.
[[nodiscard]] std::optional<LoopbackLatency> latency_of(std::span<const Edge> edges,
                                                        std::span<const SystemTime> stamps);

/// False for what cannot be a timestamp latency: the source stamped the other edge, or pulses that
/// do not come from this output.
[[nodiscard]] bool is_plausible(const LoopbackLatency& latency);

/// chrony's `delay` in seconds, with the latency corrected or not: half of it counts as an error in
/// the root distance, so it is twice the largest constant error.
[[nodiscard]] double chrony_delay(const LoopbackLatency& latency, bool corrected);

}  // namespace ntsbox::pps
