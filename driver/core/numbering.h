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

  /// The comb began anew at `edge`. `drift`: by how much a second of true time is longer on the raw
  /// clock, where that is known.
  void restart(const Edge& edge, std::optional<nanoseconds> drift = std::nullopt);

  /// The clock was stepped: perhaps the machine slept, and no edge was counted meanwhile.
  void slept();

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

  /// When that sentence's burst began.
  [[nodiscard]] std::optional<MonotonicTime> confirmed_at() const { return confirmed_at_; }

  /// Enough sentences in a row agreed for samples to go out.
  [[nodiscard]] bool settled() const { return proved_ && proved_->agreements >= resume_agreements; }

  /// The receiver tells another second than the one known, or the pulse another phase.
  [[nodiscard]] bool disputed() const;

  /// The sentences come so near an edge that they name nothing.
  [[nodiscard]] bool ambiguous() const { return nameless_ == ambiguous_from; }

  /// Sentences in a row that prove a number: from nothing; from nothing while the clock is hours
  /// off or more, or the sentences come at any time of the second; against what was known, or
  /// long after it; against it by more than a day, or on another phase of the pulse. And to go on
  /// after a loss, when they agree with what was carried.
  static constexpr int first_agreements = 10;
  static constexpr int careful_agreements = 20;
  static constexpr int disputed_agreements = 60;
  static constexpr int incredible_agreements = 600;
  static constexpr int resume_agreements = 5;

 private:
  static constexpr int ambiguous_from = 3;

  struct Hypothesis {
    UtcSecond second;  // of the last beat
    int agreements = 0;
    MonotonicTime since{};  // the first of them
    int misses = 0;         // sentences in a row that were late for it
    int dissents = 0;       // sentences that named another second
    nanoseconds soonest{};  // of its sentences, after their instant
    nanoseconds latest{};
  };

  /// A second that a sentence confirmed: good enough to notice a jump, long after.
  struct Known {
    UtcSecond second;
    Edge edge;
    nanoseconds latency{};  // of the sentences that confirmed it, on average
    nanoseconds spread{};   // and by how much it varied of late
  };

  void confirm(const UtcInstant& time, nanoseconds latency, MonotonicTime burst);
  void try_out(UtcSecond named, nanoseconds latency, MonotonicTime now);
  [[nodiscard]] bool convinces(bool offset_is_huge, MonotonicTime now) const;
  [[nodiscard]] int needed(bool offset_is_huge) const;
  [[nodiscard]] bool is_odd(nanoseconds latency) const;
  [[nodiscard]] bool is_mere_lateness() const;
  [[nodiscard]] bool elapsed_explains(UtcSecond second) const;

  std::optional<Edge> edge_;
  std::optional<Hypothesis> proved_;
  std::optional<Hypothesis> trial_;
  std::optional<Known> known_;
  bool moved_ = false;   // the phase is not that of what is known
  bool faded_ = false;   // what is known is too long ago to tell the phase
  int slept_ = 0;        // confirmations until a sleep is ruled out
  bool shaken_ = false;  // neither the sentences nor the clocks can be trusted by themselves
  int nameless_ = 0;     // sentences in a row that named nothing, as far as they matter
  std::optional<UtcSecond> confirmed_;
  std::optional<MonotonicTime> confirmed_at_;
};

}  // namespace ntsbox::driver
