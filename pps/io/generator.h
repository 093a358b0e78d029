#pragma once
// Pulses at the seconds of the system clock.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pps/core/report.h"
#include "pps/core/schedule.h"
#include "pps/io/pulse_line.h"

namespace ntsbox::pps {

struct GeneratorOptions {
  Schedule schedule;
  std::optional<std::int64_t> count;  // seconds to mark or to pass over; empty: until it is stopped
  bool unsynchronised = false;        // also while the clock is not synchronised
};

class Generator {
 public:
  /// Waits at most so long, and does meanwhile what else there is to do; false when it is to stop.
  using Idle = std::function<bool(nanoseconds patience)>;
  /// Words for the owner.
  using Say = std::function<void(const std::string&)>;

  /// All but `options` must outlive it.
  Generator(const GeneratorOptions& options, PulseLine& line, Timekeeper& clock, Idle idle, Say say)
      : options_(options),
        line_(line),
        clock_(clock),
        idle_(std::move(idle)),
        say_(std::move(say)) {}

  /// Until the count is reached or `idle` says stop. Fails when the line cannot be set.
  Result<void> run();

  /// What became of the seconds; output and real_time are for others to fill in.
  [[nodiscard]] const GenerationReport& report() const { return report_; }

  /// Of the last pulses that were made.
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
  Say say_;
  bool silent_ = false;  // it was said that pulses are withheld
  GenerationReport report_;
  std::vector<Edge> edges_;
};

}  // namespace ntsbox::pps
