#pragma once
// Which UTC second did the last beat mark? The receiver's sentences name it, the comb carries it
// on.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "driver/core/comb.h"

namespace ntsbox::driver {

class Numbering {
 public:
  enum class Outcome {
    confirmed,     // the sentence names the second that is carried (or has just proved it)
    nothing,       // it names nothing, or not enough of them have yet
    contradicted,  // no lateness explains it: the second that is carried is in doubt
  };

  /// The comb went on by `count` seconds, and stands at `edge`.
  void beat(std::int64_t count, const Edge& edge);

  /// The comb began anew at `edge`. With `jumped` its phase is not the one that was known.
  void restart(const Edge& edge, bool jumped);

  /// A sentence for `time` whose burst began `after_beat` after the last beat (before it when
  /// negative). `now` is when it came. `offset_is_huge` asks for more agreement before the first
  /// sample.
  Outcome sentence(const UtcInstant& time, nanoseconds after_beat, MonotonicTime now,
                   bool offset_is_huge);

  /// Something else was wrong: agreement is counted from the start again.
  void doubted();

  /// The second of the last beat, once proved and as long as it can be carried.
  [[nodiscard]] std::optional<UtcSecond> second() const;
  /// The second of the last beat as far as anything tells it, proved or not.
  [[nodiscard]] std::optional<UtcSecond> supposed() const;

  /// The last second that a sentence confirmed.
  [[nodiscard]] std::optional<UtcSecond> confirmed() const { return confirmed_; }

  /// When that was.
  [[nodiscard]] std::optional<MonotonicTime> confirmed_at() const { return confirmed_at_; }

  /// Enough sentences in a row agreed for samples to go out.
  [[nodiscard]] bool settled() const { return proved_ && proved_->agreements >= resume_agreements; }

  /// The receiver tells another second than the one known, or the pulse another phase.
  [[nodiscard]] bool disputed() const;

  /// Sentences in a row that prove a number: from nothing; from nothing while the clock is hours
  /// off or more; against what was known. And to go on after a loss, when they agree with what was
  /// carried.
  static constexpr int first_agreements = 10;
  static constexpr int huge_agreements = 20;
  static constexpr int disputed_agreements = 60;
  static constexpr int resume_agreements = 5;

 private:
  struct Hypothesis {
    UtcSecond second;  // of the last beat
    int agreements = 0;
    MonotonicTime since{};  // the first of them
    int misses = 0;         // sentences in a row that were late for it
  };

  /// What was known when the carrying ended: good enough to notice a jump.
  struct Memory {
    UtcSecond second;
    Edge edge;
    bool jumped = false;
  };

  void try_out(UtcSecond named, MonotonicTime now);
  [[nodiscard]] int needed(bool offset_is_huge) const;
  void prove(MonotonicTime now);

  std::optional<Edge> edge_;
  std::optional<Hypothesis> proved_;
  std::optional<Hypothesis> trial_;
  std::optional<Memory> memory_;
  std::optional<UtcSecond> confirmed_;
  std::optional<MonotonicTime> confirmed_at_;
};

}  // namespace ntsbox::driver
