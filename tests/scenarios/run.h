#pragma once
// A scenario, second by second and for years: an oscillator, the machine's clocks, a receiver and
// its serial line, interrupts, and a daemon that receives their events.

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/time.h"
#include "tests/scenarios/clocks.h"
#include "tests/scenarios/event.h"
#include "tests/scenarios/parameters.h"
#include "tests/scenarios/scenario.h"

namespace ntsbox::scenarios {

class Run {
 public:
  explicit Run(Scenario scenario);

  /// The next event; empty at the end of the scenario.
  std::optional<SimulatedEvent> next();

  [[nodiscard]] const Parameters& parameters() const { return parameters_; }

  [[nodiscard]] const Scenario& scenario() const { return scenario_; }

 private:
  /// An edge that the kernel is about to stamp.
  struct EdgeComes {
    std::int64_t second;
    bool twice;
  };

  /// A stamped edge on its way to the daemon.
  struct EdgeWaits {
    driver::Pulse pulse;
    std::int64_t second;
    SinceStart when;
    nanoseconds stepped;
  };

  struct BurstComes {
    bool other_device;
    std::int64_t second;
    nanoseconds length;
  };

  struct Item {
    SinceStart when;
    std::variant<EdgeComes, EdgeWaits, BurstComes, driver::TimeReport, driver::FixReport,
                 driver::Tick, driver::GpsdLost, driver::PpsLost>
        what;
  };

  [[nodiscard]] const InjectedFault* active(FaultKind kind, SinceStart when);
  void push(SinceStart when, decltype(Item::what) what);
  void plan_second();
  void plan_edges(SinceStart second, Random& random);
  void plan_edge(SinceStart when, std::int64_t second, Random& random);
  void plan_glitches(SinceStart second, Random& random);
  void plan_messages(SinceStart second, Random& random);
  void plan_instants(SinceStart second);
  void stamp(const EdgeComes& edge, SinceStart now);
  void send(const BurstComes& burst, SinceStart now);
  [[nodiscard]] std::optional<SimulatedEvent> deliver(const Item& item);
  [[nodiscard]] SimulatedEvent event_of(const Item& item, SinceStart now);
  [[nodiscard]] ClockReading read_clocks(SinceStart now);
  [[nodiscard]] ClockStatus kernel_status(SinceStart now) const;
  [[nodiscard]] nanoseconds utc_at(SinceStart when) const;

  Scenario scenario_;
  Parameters parameters_;
  MachineClocks clocks_;

  struct Series {
    std::vector<InjectedFault> faults;
    std::size_t done = 0;
  };

  std::array<Series, fault_kinds> series_;
  std::vector<Item> queue_;  // the latest first
  std::int64_t planned_ = 0;
  SinceStart loop_free_{};  // when the daemon has handled the events before
  SinceStart line_free_{};  // when the serial line has sent the bursts before
  std::uint64_t sequence_ = 0;
  bool gpsd_is_new_ = false;
  Random reading_;
};

}  // namespace ntsbox::scenarios
