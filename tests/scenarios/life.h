#pragma once
// The life of a box with truth known: a crystal, the machine's clocks, a receiver and its serial
// line, interrupts, and a daemon that sees what they do. Second by second, for years.

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/time.h"
#include "tests/scenarios/character.h"
#include "tests/scenarios/fault.h"
#include "tests/scenarios/machine_clocks.h"

namespace ntsbox::scenarios {

/// What the daemon is told. The stamps are of the system clock.

struct EdgeSeen {
  SystemTime stamp;
  std::uint64_t sequence = 0;
  // The truth, which it is not told:
  std::int64_t second = -1;   // since the start, that the receiver marked; -1: none
  nanoseconds true_offset{};  // true minus system time at the stamp, on the clock as it now is
};

struct TimeTold {  // TOFF
  bool other_device = false;
  UtcInstant real;
  SystemTime clock;
};

struct FixTold {  // TPV
  bool other_device = false;
  int mode = 0;
  std::optional<UtcInstant> time;
};

struct KernelTold {
  bool synchronised = false;
  nanoseconds maxerror{};
};

struct GpsdGone {};

struct PpsGone {};

/// One event at the daemon's loop, with its clocks as it read them.
struct Happening {
  SystemTime system;
  MonotonicTime monotonic;
  std::optional<RawTime> raw;
  std::variant<EdgeSeen, TimeTold, FixTold, KernelTold, GpsdGone, PpsGone> what;
};

class Life {
 public:
  explicit Life(LifePlan plan);

  /// The next event; empty when the life is over.
  std::optional<Happening> next();

  [[nodiscard]] const Character& character() const { return character_; }

  [[nodiscard]] const LifePlan& plan() const { return plan_; }

 private:
  struct EdgeComes {
    std::uint64_t sequence;
    std::int64_t second;
    bool twice;
  };

  /// An edge on its way to the loop.
  struct EdgeWaits {
    EdgeSeen seen;
    SinceStart when;
    nanoseconds stepped;
  };

  struct BurstComes {
    bool other_device;
    std::int64_t second;
    nanoseconds length;
  };

  struct TickComes {};

  struct Item {
    SinceStart when;
    std::variant<EdgeComes, EdgeWaits, BurstComes, TimeTold, FixTold, TickComes, GpsdGone, PpsGone>
        what;
  };

  [[nodiscard]] const Fault* active(FaultKind kind, SinceStart when);
  void push(SinceStart when, decltype(Item::what) what);
  void plan_second();
  void plan_edges(SinceStart second, Random& random);
  void plan_edge(SinceStart when, std::int64_t second, Random& random);
  void plan_glitches(SinceStart second, Random& random);
  void plan_sentences(SinceStart second, Random& random);
  void plan_instants(SinceStart second);
  void come(const EdgeComes& edge, SinceStart now);
  void come(const BurstComes& burst, SinceStart now);
  [[nodiscard]] std::optional<Happening> deliver(const Item& item);
  void read_clocks(SinceStart now, Happening& happening);
  [[nodiscard]] KernelTold kernel_status(SinceStart now) const;
  [[nodiscard]] nanoseconds utc_at(SinceStart when) const;

  LifePlan plan_;
  Character character_;
  MachineClocks clocks_;

  struct Series {
    std::vector<Fault> faults;
    std::size_t done = 0;
  };

  std::array<Series, fault_kinds> series_;
  std::vector<Item> queue_;  // the latest first
  std::int64_t planned_ = 0;
  SinceStart loop_free_{};  // when the loop has dealt with what came before
  SinceStart line_free_{};  // when the serial line has
  std::uint64_t sequence_ = 0;
  bool gpsd_is_new_ = false;
  Random reading_;
};

}  // namespace ntsbox::scenarios
