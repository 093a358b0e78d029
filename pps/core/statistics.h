#pragma once
// What a series of time differences tells: order statistics, scatter, Allan deviation, a histogram.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pps/core/pairing.h"

namespace ntsbox::pps {

/// The value of `sorted` that a share of them (0 to 1) does not exceed: one of them, by the nearest
/// rank. `sorted` is in order, and not empty.
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
  std::size_t terms = 0;       // how many differences it is the mean of
};

/// The overlapping Allan deviation of phases at 1, 2, 4, ... seconds (Riley, Handbook of Frequency
/// Stability Analysis, NIST SP 1065, 5.2.4), as far as four terms and more are there. A term needs
/// all three of its phases: gaps are left out, not bridged. `phases` in the order of their seconds.
[[nodiscard]] std::vector<Instability> allan_deviations(std::span<const Phase> phases);

struct Bin {
  nanoseconds from{}, to{};  // from <= value < to
  std::size_t count = 0;
};

/// At most `bins` (1 and more) of one width between the least and the greatest value; none for no
/// values.
[[nodiscard]] std::vector<Bin> histogram(std::span<const nanoseconds> values, std::size_t bins);

[[nodiscard]] std::vector<nanoseconds> values_of(std::span<const Phase> phases);

}  // namespace ntsbox::pps
