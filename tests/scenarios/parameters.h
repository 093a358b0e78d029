#pragma once
// The parameters of a scenario without its faults: drawn from its seed.

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "tests/scenarios/models.h"

namespace ntsbox::scenarios {

struct Parameters {
  UtcSecond start;            // the true second at the beginning
  nanoseconds clock_error{};  // system minus true time then
  double ppm = 0;
  Wander wander = Wander::room;
  bool disciplined = true;
  nanoseconds phase{};         // within a second: when the oscillator's frequency changes
  bool raw = true;             // events carry CLOCK_MONOTONIC_RAW
  bool witness = false;        // the kernel calls the clock synchronised, and it is right
  bool long_lies = false;      // a witness, and no clock faults: undetectable faults may last
  bool device_is_set = false;  // the setting `device` names the receiver
  InterruptModel interrupt = InterruptModel::tails;
  DelayModel delay = DelayModel::steady;
  nanoseconds burst{};        // how long the messages of a second take on the line
  std::int64_t leap_at = -1;  // the pulse of this second, since the start, is 23:59:60

  /// UTC's number of a second since the start; the leap second itself has the number of the next.
  [[nodiscard]] UtcSecond utc(std::int64_t second) const {
    return start + seconds{second - (leap_at >= 0 && second > leap_at ? 1 : 0)};
  }
};

inline constexpr std::string_view receiver_device = "/dev/ttyAMA0";

/// The earliest date that the bridge accepts.
inline constexpr UtcSecond earliest_start{seconds{1'793'491'200}};  // 2026-11-01

[[nodiscard]] Parameters parameters_of(std::uint64_t seed);

/// How many seconds after `start` the next month begins.
[[nodiscard]] std::int64_t first_month_end(UtcSecond start);

}  // namespace ntsbox::scenarios
