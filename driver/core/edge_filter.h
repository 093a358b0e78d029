#pragma once
// Is an edge one of the receiver's pulses of 1 Hz? Glitches, mains hum, the other edge of the pulse
// and pulses of 2 Hz, 5 Hz or 0.5 Hz are not.

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace ntsbox::driver {

/// An edge on the clocks that do not step. `raw` where the events have it: no slew affects it.
struct Edge {
  MonotonicTime monotonic;
  std::optional<RawTime> raw;
};

/// b - a on the best clock that both have.
[[nodiscard]] nanoseconds interval(const Edge& a, const Edge& b);

/// Compares the pulse with the oscillator's own rate, which it remembers, on the raw clock. An
/// oscillator changes by a few ppm in many minutes (1.7 ppm in ten minutes under load were
/// measured); a pulse that runs off changes faster.
class RateWatch {
 public:
  /// An edge was accepted, `seconds` after the one before it; the line through the last edges has
  /// it at `line`, and `rate` ns more than a second of raw time for each second.
  void add(RawTime line, nanoseconds rate, std::int64_t seconds);

  /// The line starts again at `line`, where edges were missing or off time. Returns whether its
  /// course could be compared: else a new one begins.
  bool restart(RawTime line);

  /// Whether the pulse has left its course by more than the oscillator explains.
  [[nodiscard]] bool runs_off() const;
  /// Whether it is on its course again.
  [[nodiscard]] bool is_back() const;

  /// The rate of the oscillator; empty until enough edges were accepted.
  [[nodiscard]] std::optional<nanoseconds> known() const;

  /// Takes the present course of the pulse for the true one.
  void accept(RawTime line);

 private:
  std::int64_t edges_ = 0;
  nanoseconds fast_{};  // average rate over half a minute
  nanoseconds slow_{};  // follows it as fast as an oscillator may change
  RawTime expected_{};  // the line by the slow rate; forgets in ten minutes
  nanoseconds departure_{};
};

/// Whether an edge is on the course of those before it: what the oscillator's rate predicts.
enum class Course : std::uint8_t {
  kept,
  left,     // the pulse had left it, and has not come back
  renewed,  // the pulse had left it for so long that its new rate is taken for the oscillator's
};

class EdgeFilter {
 public:
  enum class Kind {
    first,       // there is no earlier edge to compare with: counting starts here
    on_time,     // accepted, `seconds` after the last accepted edge
    off_time,    // not at a whole second after the accepted edges
    phase_jump,  // accepted: no edge came on time any more, and three agree on another phase
  };

  struct Classification {
    Kind kind;
    /// Since the last accepted edge; after a phase jump the nearest number of them.
    std::int64_t seconds = 0;
    /// phase_jump: a slew of CLOCK_MONOTONIC explains it, so `seconds` is exact.
    bool same_phase = false;
    Course course = Course::kept;  // phase_jump
  };

  /// Takes the edges in the order in which they arrived.
  Classification classify(const Edge& edge);

  /// The pulse source was lost: later edges are compared with the phase before the loss.
  void on_source_lost();

  /// The last accepted edge; empty before the first one.
  [[nodiscard]] const std::optional<Edge>& last() const { return last_; }

  /// By how much a second of true time is longer on the raw clock; empty until enough edges in a
  /// row were accepted.
  [[nodiscard]] std::optional<nanoseconds> drift() const {
    const auto known = rates_.known();
    return known ? known : rate_;
  }

  /// Whether the rate of the pulse has changed by more than an oscillator can: its edges are off
  /// time then.
  [[nodiscard]] bool runs_off() const { return runs_off_since_.has_value(); }

  /// Three accepted edges or more in a row.
  [[nodiscard]] bool steady() const { return consecutive_ >= 3; }

  /// Three edges off time or missing within the 10 s before `now`: it is no pulse of 1 Hz, or there
  /// are others beside it.
  [[nodiscard]] bool irregular(MonotonicTime now) const;

 private:
  /// When the last accepted edge was due by those before it, on the clock that no slew affects.
  /// Edges that are late one after the other, each by a little, do not shift it.
  struct Phase {
    RawTime at;
    nanoseconds drift;  // how much longer a second of true time is on the raw clock
    int edges;          // how many edges it rests on
  };

  [[nodiscard]] std::optional<std::int64_t> seconds_to(const Edge& edge, nanoseconds elapsed);
  bool update_phase(const Edge& edge, std::int64_t seconds);
  Classification consider_candidate(const Edge& edge);
  Classification follow_rate(const Edge& edge, bool compared);
  [[nodiscard]] bool is_change_of_slew(nanoseconds step) const;
  void note_irregularity(MonotonicTime when);

  std::optional<Edge> last_;
  std::int64_t consecutive_ = 0;
  nanoseconds period_ = 1s;  // of CLOCK_MONOTONIC; not 1 s only during a slew
  std::optional<Phase> phase_;
  std::optional<nanoseconds> rate_;  // the drift when it last rested on enough edges

  RateWatch rates_;
  std::optional<MonotonicTime> runs_off_since_;
  MonotonicTime seen_{};  // the last edge on the line; read while the pulse runs off

  std::optional<Edge> candidate_;  // the last edge off time
  std::int64_t candidate_edges_ = 0;
  nanoseconds candidate_gap_{};  // from the last accepted edge to the first of the candidate's
  std::array<std::optional<MonotonicTime>, 3> irregularities_;
};

}  // namespace ntsbox::driver
