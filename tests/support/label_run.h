#pragma once
// A receiver and an edge filter, for the second label alone.

#include <cstdint>
#include <optional>

#include "driver/core/second_label.h"
#include "tests/support/catch.h"

namespace ntsbox::driver::testing {

using Outcome = SecondLabel::Outcome;

constexpr UtcSecond noon{seconds{1'795'348'800}};

/// A receiver that sends a message after each edge, and an edge each second.
struct LabelRun {
  SecondLabel label;
  MonotonicTime now{100s};
  UtcSecond truth = noon;
  bool raw = false;
  bool young = true;  // the receiver

  explicit LabelRun(bool with_raw = false) : raw(with_raw) { label.restart(edge()); }

  [[nodiscard]] Edge edge() const {
    return {now, raw ? std::optional{RawTime{now.time_since_epoch()}} : std::nullopt};
  }

  void next_edge(std::int64_t count = 1) {
    now += seconds{count};
    truth += seconds{count};
    label.advance(count, edge());
  }

  /// A message for truth + `error` that begins `after` the last edge.
  Outcome message_after(nanoseconds after, seconds error = 0s, nanoseconds held_up = 0ns) {
    return label.message({{truth + error, 0ns}, after, now + after + held_up, false, young});
  }

  /// The message for the last edge, `error` seconds wrong.
  Outcome message(nanoseconds delay = 300ms, seconds error = 0s, nanoseconds fraction = 0ns,
                  bool huge = false) {
    return label.message({{truth + error, fraction}, delay + fraction, now + delay, huge, young});
  }

  Outcome edges(int count, nanoseconds after = 300ms, seconds error = 0s) {
    auto outcome = Outcome::no_label;
    for (int i = 0; i < count; ++i) {
      next_edge();
      outcome = message_after(after, error);
    }
    return outcome;
  }

  /// The edge filter starts again after `gap` of both clocks, in which `passed` seconds went by.
  void restart(nanoseconds gap, seconds passed, std::optional<nanoseconds> drift = std::nullopt) {
    now += gap;
    truth += passed;
    label.restart(edge(), drift);
  }
};

/// A server of hours: the receiver is not young any more.
inline LabelRun grown(LabelRun run) {
  run.young = false;
  return run;
}

/// How many messages that are `error` seconds wrong it takes to prove another second, 1000 at most.
inline int until_proved(LabelRun run, seconds error, nanoseconds after = 300ms) {
  for (int count = 1; count <= 1000; ++count)
    if (run.edges(1, after, error) == Outcome::confirmed) return count;
  return 1001;
}

inline LabelRun proved(int count = 20, bool raw = false) {
  LabelRun run{raw};
  REQUIRE(run.edges(count) == Outcome::confirmed);
  return run;
}

}  // namespace ntsbox::driver::testing
