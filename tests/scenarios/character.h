#pragma once
// What a life is like when nothing goes wrong: drawn from its seed.

#include <cstdint>

#include "base/time.h"
#include "tests/scenarios/lateness.h"
#include "tests/scenarios/oscillator.h"

namespace ntsbox::scenarios {

struct Character {
  UtcSecond start;            // the true second at the beginning
  nanoseconds clock_error{};  // system minus true time then
  double ppm = 0;
  Wander wander = Wander::room;
  bool disciplined = true;
  nanoseconds phase{};        // within a second: when the crystal's frequency changes
  bool raw = true;            // events carry CLOCK_MONOTONIC_RAW
  bool witness = false;       // the kernel calls the clock synchronised, and it is
  bool long_lies = false;     // with a witness, and nobody touches the clock: lies may last
  bool named_device = false;  // the daemon is told which receiver to follow
  InterruptModel interrupt = InterruptModel::tails;
  SentenceModel sentence = SentenceModel::steady;
  nanoseconds burst{};        // how long the sentences of a second take on the line
  std::int64_t leap_at = -1;  // the pulse of this second, since the start, is 23:59:60

  /// UTC's number of a second since the start; the leap second itself has the number of the next.
  [[nodiscard]] UtcSecond utc(std::int64_t second) const {
    return start + seconds{second - (leap_at >= 0 && second > leap_at ? 1 : 0)};
  }
};

/// The release date of these lives: the earliest date that a bridge is told to believe.
inline constexpr UtcSecond earliest_start{seconds{1'793'491'200}};  // 2026-11-01

[[nodiscard]] Character character_of(std::uint64_t seed);

/// How many seconds after `start` the next month begins.
[[nodiscard]] std::int64_t first_month_end(UtcSecond start);

}  // namespace ntsbox::scenarios
