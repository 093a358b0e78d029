#pragma once
// A receiver whose true time is known: when its edges come, when it sends sentences, and which
// ones.

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "base/time.h"
#include "sim/core/command.h"
#include "sim/core/nmea.h"
#include "sim/core/true_time.h"

namespace ntsbox::sim {

enum class JitterShape {
  late,      // |Gaussian|: an interrupt is never served early
  gaussian,  // both ways: a pulse that is itself unsteady
};

struct ReceiverOptions {
  nanoseconds latency = 150ms;  // from an epoch to the first byte of its sentences
  nanoseconds jitter{};         // sigma of that
  nanoseconds pulse_jitter{};   // sigma of an edge
  JitterShape pulse_shape = JitterShape::late;
  int rate = 1;  // epochs a second, a divisor of 10; edges stay at 1 Hz
  int decimals = 2;
  std::uint32_t seed = 1;
};

/// One edge, with the true time.
struct Edge {
  UtcSecond second;    // that it marks
  MonotonicTime when;  // of its stamp
  std::uint32_t sequence;
};

/// The sentences of an epoch.
struct Burst {
  MonotonicTime start;  // of their first byte
  std::string text;
};

class Receiver {
 public:
  Receiver(const ReceiverOptions& options, const TrueTime& true_time, MonotonicTime start);

  /// When the next edge or burst is due.
  [[nodiscard]] MonotonicTime next() const;

  /// The next edge that has come by `now`; empty when none has. While pulses are off, edges are
  /// counted but not returned.
  std::optional<Edge> take_edge(MonotonicTime now);

  /// The next burst that is due by `now`; empty when none is.
  std::optional<Burst> take_burst(MonotonicTime now);

  /// Executes a command from `now` on. It ignores commands that are not for the receiver, such as
  /// SetPlugged.
  void execute(const Command& command, MonotonicTime now);

 private:
  [[nodiscard]] nanoseconds random(nanoseconds sigma);
  void plan(MonotonicTime now);
  void plan_edge();
  void plan_burst();

  ReceiverOptions options_;
  TrueTime true_time_;
  std::mt19937 generator_;
  Edge edge_{};             // the next
  UtcTime epoch_;           // of the next burst
  MonotonicTime burst_at_;  // when that burst starts
  unsigned bursts_ = 0;
  bool pulses_ = true;
  bool sentences_ = true;
  FixMode mode_ = FixMode::three_d;
  unsigned corrupt_one_in_ = 0;
};

}  // namespace ntsbox::sim
