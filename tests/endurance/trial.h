#pragma once
// A bridge runs through a scenario; its samples are compared with the truth.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/core/bridge.h"
#include "tests/scenarios/fault.h"
#include "tests/scenarios/life.h"

namespace ntsbox::endurance {

/// A sample that should not have been sent.
struct Violation {
  std::int64_t second = 0;  // true seconds since the start
  nanoseconds error{};      // of what chronyd would have made of it
};

struct OfClass {
  std::uint64_t stretches = 0;
  std::uint64_t seconds = 0;  // under such a fault
  std::uint64_t served = 0;   // of them
  std::uint64_t wrong = 0;  // samples of a wrong second sent under it, or within two minutes after
  std::uint64_t off = 0;    // samples off by more than a millisecond, likewise
  std::uint64_t lost = 0;   // healthy seconds without a sample, of which it was the last fault
};

struct Tally {
  std::uint64_t events = 0;
  std::uint64_t pulses = 0;
  std::uint64_t samples = 0;
  std::uint64_t wrong = 0;  // by half a second and more, or in a leap second
  std::uint64_t off = 0;    // by more than a millisecond
  std::uint64_t seconds = 0;
  std::uint64_t served = 0;
  std::uint64_t healthy = 0;
  std::uint64_t healthy_served = 0;
  std::array<std::uint64_t, driver::reason_count> lost{};  // healthy seconds, by why
  std::array<OfClass, scenarios::fault_kinds> classes{};

  void add(const Tally& other);
};

struct Trial {
  Tally tally;
  std::optional<Violation> first_violation;
  std::vector<std::int64_t> lost;  // the healthy seconds without a sample
};

/// What the daemon's loop would have passed on.
[[nodiscard]] driver::Event event_of(const scenarios::Happening& happening);

/// How a bridge in this life is set up.
[[nodiscard]] driver::BridgeOptions options_of(const scenarios::Character& character);

using Onlooker = std::function<void(const driver::Event&, const driver::Bridge::Step&)>;

[[nodiscard]] Trial live(const scenarios::LifePlan& plan, const Onlooker& onlooker = {});

/// Each second of a life: whether no fault is at work, and the last one ended fifteen seconds ago
/// or, when it contradicted what was known, seventy-five, or, when it moved the pulse, 615.
[[nodiscard]] std::vector<bool> healthy_seconds(const scenarios::LifePlan& plan,
                                                const scenarios::Character& character);

/// A life with as few faults as `still_fails` needs, and no longer than it needs.
[[nodiscard]] scenarios::LifePlan shrink(
    scenarios::LifePlan plan,
    const std::function<std::optional<Violation>(const scenarios::LifePlan&)>& fails);

}  // namespace ntsbox::endurance
