#pragma once
// The bridge in a scenario, and its samples compared with the truth.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/core/bridge.h"
#include "tests/scenarios/run.h"
#include "tests/scenarios/scenario.h"

namespace ntsbox::endurance {

/// A sample that should not have been sent.
struct Violation {
  std::int64_t second = 0;  // true seconds since the start
  nanoseconds error{};      // of chronyd's clock, if it followed the sample
};

struct OfClass {
  std::uint64_t stretches = 0;
  std::uint64_t seconds = 0;  // with such a fault
  std::uint64_t served = 0;   // seconds with a sample, of them
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
  std::array<std::uint64_t, reason_count> lost{};  // healthy seconds, by why
  std::array<OfClass, scenarios::fault_kinds> classes{};

  void add(const Tally& other);
};

struct Trial {
  Tally tally;
  std::optional<Violation> first_violation;
  std::vector<std::int64_t> lost;  // the healthy seconds without a sample
};

/// The options of the bridge in a scenario.
[[nodiscard]] driver::BridgeOptions options_of(const scenarios::Parameters& parameters);

using Observer = std::function<void(const driver::Event&, const driver::Bridge::Step&)>;

/// Runs the bridge through the scenario. `observer` receives each event and step.
[[nodiscard]] Trial run_bridge(const scenarios::Scenario& scenario, const Observer& observer = {});

/// For each second whether it is healthy: no fault is active, and the last one ended fifteen
/// seconds ago; 75 if it contradicted the accepted label, 615 if it moved the pulse.
[[nodiscard]] std::vector<bool> healthy_seconds(const scenarios::Scenario& scenario,
                                                const scenarios::Parameters& parameters);

/// The scenario with as few faults as it needs to fail.
[[nodiscard]] scenarios::Scenario shrink(
    scenarios::Scenario scenario,
    const std::function<std::optional<Violation>(const scenarios::Scenario&)>& fails);

}  // namespace ntsbox::endurance
