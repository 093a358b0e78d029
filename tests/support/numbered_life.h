#pragma once
// A receiver and a comb for the numbering alone.

#include <cstdint>
#include <optional>

#include "driver/core/numbering.h"
#include "tests/support/catch.h"

namespace ntsbox::driver::testing {

using Outcome = Numbering::Outcome;

constexpr UtcSecond noon{seconds{1'795'348'800}};

/// A receiver that speaks after each beat, and a comb that beats each second.
struct Life {
  Numbering numbering;
  MonotonicTime now{100s};
  UtcSecond truth = noon;
  bool raw = false;

  explicit Life(bool with_raw = false) : raw(with_raw) { numbering.restart(edge()); }

  [[nodiscard]] Edge edge() const {
    return {now, raw ? std::optional{RawTime{now.time_since_epoch()}} : std::nullopt};
  }

  void beat(std::int64_t count = 1) {
    now += seconds{count};
    truth += seconds{count};
    numbering.beat(count, edge());
  }

  /// A sentence for truth + `label` that begins `after` the last beat.
  Outcome say(nanoseconds after, seconds label = 0s, nanoseconds held_up = 0ns) {
    return numbering.sentence({truth + label, 0ns}, after, now + after + held_up, false);
  }

  /// The sentence for the last beat, `label` seconds wrong.
  Outcome sentence(nanoseconds latency = 300ms, seconds label = 0s, nanoseconds fraction = 0ns,
                   bool huge = false) {
    return numbering.sentence({truth + label, fraction}, latency + fraction, now + latency, huge);
  }

  Outcome live(int count, nanoseconds after = 300ms, seconds label = 0s) {
    auto outcome = Outcome::nothing;
    for (int i = 0; i < count; ++i) {
      beat();
      outcome = say(after, label);
    }
    return outcome;
  }

  /// The comb begins anew after `gap` of both clocks, in which `passed` seconds went by.
  void restart(nanoseconds gap, seconds passed, std::optional<nanoseconds> drift = std::nullopt) {
    now += gap;
    truth += passed;
    numbering.restart(edge(), drift);
  }
};

/// How many sentences of `label` it takes until the number is another one, 1000 at most.
inline int until_proved(Life life, seconds label, nanoseconds after = 300ms) {
  for (int count = 1; count <= 1000; ++count)
    if (life.live(1, after, label) == Outcome::confirmed) return count;
  return 1001;
}

inline Life proved(int count = 20, bool raw = false) {
  Life life{raw};
  REQUIRE(life.live(count) == Outcome::confirmed);
  return life;
}

}  // namespace ntsbox::driver::testing
