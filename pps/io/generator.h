#pragma once
// Pulses at the seconds of the system clock, and the clock by which they are made.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "pps/core/report.h"
#include "pps/io/outputs.h"

namespace ntsbox::pps {

/// The machine's clocks; virtual, so that tests can replace them.
class Timekeeper {
 public:
  virtual ~Timekeeper() = default;
  [[nodiscard]] virtual SystemTime now();
  [[nodiscard]] virtual MonotonicTime monotonic();
  /// Returns at `time` by the system clock, usually some microseconds later, or when a signal
  /// comes.
  virtual void sleep_until(SystemTime time);
  /// The kernel's clock status; false where the program may not read it.
  [[nodiscard]] virtual bool synchronised();
};

/// Sets a real-time priority and locks the memory, as far as the system allows; true when it has
/// set the priority.
[[nodiscard]] bool take_real_time_priority();

/// When a pulse is due, and when it is too late.
struct Schedule {
  nanoseconds spin = 200us;   // how long it polls the clock before the second
  nanoseconds latest = 1ms;   // a pulse that would be later is left out
  nanoseconds width = 100ms;  // how long the line stays up; spin + width < 1 s

  /// The first whole second of the system clock after `now` that leaves time to prepare.
  [[nodiscard]] SystemTime next(SystemTime now) const;
};

/// How long before a second, and before `spin`, it stops serving the line.
inline constexpr nanoseconds ready_before = 20ms;

struct GeneratorOptions {
  Schedule schedule;
  std::optional<std::int64_t>
      count;                    // seconds, with or without a pulse; empty: until it is stopped
  bool unsynchronised = false;  // also while the clock is not synchronised
};

class Generator {
 public:
  /// Waits at most `patience` and serves other descriptors meanwhile; false to stop.
  using Idle = std::function<bool(nanoseconds patience)>;
  /// Prints a line for the user.
  using Log = std::function<void(const std::string&)>;

  /// All but `options` must outlive it.
  Generator(const GeneratorOptions& options, PulseLine& line, Timekeeper& clock, Idle idle, Log log)
      : options_(options),
        line_(line),
        clock_(clock),
        idle_(std::move(idle)),
        log_(std::move(log)) {}

  /// Runs until the count is reached or `idle` returns false. Fails when the line cannot be set.
  Result<void> run();

  /// The report, without its output and real_time.
  [[nodiscard]] const GenerationReport& report() const { return report_; }

  /// The edges of the last pulses.
  [[nodiscard]] const std::vector<Edge>& edges() const { return edges_; }

 private:
  bool wait_until(SystemTime time);
  bool may_pulse();
  bool spin_until(SystemTime second);
  Result<void> mark(SystemTime second);
  void keep(SystemTime second, const Edge& edge);

  GeneratorOptions options_;
  PulseLine& line_;
  Timekeeper& clock_;
  Idle idle_;
  Log log_;
  bool withholding_ = false;  // pulses are withheld, and that was logged
  GenerationReport report_;
  std::vector<Edge> edges_;
};

}  // namespace ntsbox::pps
