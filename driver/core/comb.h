#pragma once
// Is an edge a tooth of the receiver's 1 Hz comb? Glitches, mains hum, the other edge of the pulse
// and pulses of 2 Hz, 5 Hz or 0.5 Hz are not.

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace ntsbox::driver {

/// An edge on the clocks that do not step. `raw` where the events carry it: then no slew enters.
struct Edge {
  MonotonicTime monotonic;
  std::optional<RawTime> raw;
};

/// b - a on the best clock that both have.
[[nodiscard]] nanoseconds interval(const Edge& a, const Edge& b);

class Comb {
 public:
  enum class Kind {
    first,  // nothing to compare with: a new comb starts here
    beat,   // `seconds` after the last beat
    stray,  // not on the comb
    moved,  // the comb went silent and three edges agree on another phase: they are the comb now
  };

  struct Judgement {
    Kind kind;
    std::int64_t seconds = 0;  // beat: whole seconds since the last one; moved: the nearest number
    bool same_phase = false;  // moved: a slew of CLOCK_MONOTONIC explains it, so `seconds` is exact
  };

  /// Edges in order of arrival.
  Judgement judge(const Edge& edge);

  /// The pulses went away: what comes next must prove itself anew, against the phase that was.
  void lost();

  /// The last beat; empty before the first edge.
  [[nodiscard]] const std::optional<Edge>& last() const { return last_; }

  /// By how much a second of true time is longer on the raw clock; empty until enough beats in a
  /// row have told.
  [[nodiscard]] const std::optional<nanoseconds>& drift() const { return rate_; }

  /// Three beats or more in a row.
  [[nodiscard]] bool steady() const { return run_ >= 3; }

  /// Three strays or missing beats within the 10 s before `now`: not a 1 Hz pulse, or not only one.
  [[nodiscard]] bool irregular(MonotonicTime now) const;

 private:
  /// Where the last beat should have been by those before it, on the clock that no slew touches. So
  /// edges that are late one after the other, each by little, do not carry the comb away.
  struct Phase {
    RawTime at;
    nanoseconds drift;  // how much longer a second of true time is on the raw clock
    int run;            // beats that it rests on
  };

  [[nodiscard]] std::optional<std::int64_t> beats_until(const Edge& edge, nanoseconds elapsed);
  void keep_phase(const Edge& edge, std::int64_t seconds);
  Judgement stray(const Edge& edge);
  [[nodiscard]] bool is_change_of_slew(nanoseconds step) const;
  void note_irregularity(MonotonicTime when);

  std::optional<Edge> last_;
  std::int64_t run_ = 0;
  nanoseconds period_ = 1s;  // of CLOCK_MONOTONIC: other than 1 s only in a slew
  std::optional<Phase> phase_;
  std::optional<nanoseconds> rate_;  // the drift, when it last rested on many beats

  std::optional<Edge> rival_;  // the last stray
  std::int64_t rival_run_ = 0;
  nanoseconds rival_after_{};  // from the last beat to the first of these
  std::array<std::optional<MonotonicTime>, 3> irregularities_;
};

}  // namespace ntsbox::driver
