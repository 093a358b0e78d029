#pragma once
// How late things are: an edge's stamp after the edge, a sentence after the pulse that it tells of.

#include <cstdint>

#include "base/time.h"
#include "tests/scenarios/random.h"

namespace ntsbox::scenarios {

/// The lateness of the kernel's stamp (an interrupt is never served early).
enum class InterruptModel : std::uint8_t {
  ideal,
  gaussian,     // 5 µs, sigma 1 µs
  exponential,  // 3 µs and a mean of 2 µs
  tails,        // 90 % mean 3 µs, 9 % mean 30 µs, 1 % up to 500 µs
  bursts,       // tails; for 60 s in 300 s, half are up to 200 µs late
  floors,       // exponential; 5 µs more every other 300 s
  load,         // 3 µs and a mean of 3 µs; for 60 s in 300 s 20 µs more, and most up to 200 µs
};
inline constexpr int interrupt_models = 7;

[[nodiscard]] nanoseconds interrupt_lateness(InterruptModel model, std::int64_t second,
                                             Random& random);

/// From a second's edge to the first byte of the sentences that tell it.
enum class SentenceModel : std::uint8_t {
  steady,     // 150 ms, sigma 5 ms
  normal,     // 0.5 s, sigma 0.15 s
  uniform,    // 0.05 to 0.95 s
  wandering,  // 0.3 to 0.7 s and back within 17 min
};
inline constexpr int sentence_models = 4;

[[nodiscard]] nanoseconds sentence_latency(SentenceModel model, std::int64_t second,
                                           Random& random);

/// Of so many seconds.
[[nodiscard]] inline nanoseconds span(double in_seconds) {
  return nanoseconds{static_cast<std::int64_t>(in_seconds * 1e9)};
}

}  // namespace ntsbox::scenarios
