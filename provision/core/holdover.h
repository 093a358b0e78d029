#pragma once
// Holdover that ends. chronyd serves what its crystal keeps of the receiver's time, at Stratum 1,
// for as long as it runs: it knows no limit of age.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::provision {

/// What chronyd holds its clock by.
struct Reference {
  bool synchronised = false;  // else nothing of it counts
  std::string name;           // "GPS", or an upstream's
  UtcSecond updated{};        // its last measurement that counted, by this machine's clock
};

/// Of what `chronyc -c tracking` prints; empty for what is no such line.
[[nodiscard]] std::optional<Reference> parse_tracking(std::string_view output);

/// How long chronyd has gone without its reference; never negative. 0 while it serves no time.
[[nodiscard]] seconds holdover(const Reference& reference, UtcSecond now);

/// Makes chronyd forget its measurements, and serve no time until there is a good source again
/// (chrony 4.0 and later; over chronyd's own socket, so as root or chronyd's user).
inline constexpr const char* end_holdover[] = {"chronyc", "reset", "sources"};

}  // namespace ntsbox::provision
