#pragma once
// Which UTC second did the last accepted edge mark? The receiver's messages label it, and counting
// edges carries the label on.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "driver/core/edge_filter.h"

namespace ntsbox::driver {

class SecondLabel {
 public:
  enum class Outcome {
    confirmed,     // the message labels the counted second (or has just proved it)
    no_label,      // it labels no second, or not enough messages have labelled it yet
    contradicted,  // it labels another second, and no delay explains that
  };

  /// `edge` is `count` seconds after the edge before it.
  void advance(std::int64_t count, const Edge& edge);

  /// The edge filter started again at `edge`. `drift`: by how much a second of true time is longer
  /// on the raw clock, where that is known.
  void restart(const Edge& edge, std::optional<nanoseconds> drift = std::nullopt);

  /// The clock was stepped: the machine may have slept, and no edge was counted meanwhile.
  void on_clock_step();

  /// A message for `time` whose burst began `after_edge` after the last edge (before it when
  /// negative), and which arrived at `now`. `offset_is_huge` asks for more messages before the
  /// first sample.
  Outcome message(const UtcInstant& time, nanoseconds after_edge, MonotonicTime now,
                  bool offset_is_huge);

  /// Another check failed: consistent messages are counted from zero again.
  void restart_count();

  /// The second of the last edge; empty before it is proved, and when it was counted for too long
  /// without a message.
  [[nodiscard]] std::optional<UtcSecond> second() const;
  /// The second of the last edge, proved or not; empty when no message labelled it.
  [[nodiscard]] std::optional<UtcSecond> assumed_second() const;

  /// The last second that a message confirmed.
  [[nodiscard]] std::optional<UtcSecond> confirmed() const { return confirmed_; }

  /// When the burst of that message began.
  [[nodiscard]] std::optional<MonotonicTime> confirmed_at() const { return confirmed_at_; }

  /// Whether enough consistent messages came in a row for samples to be sent.
  [[nodiscard]] bool may_send() const { return proved_ && proved_->consistent >= resume_messages; }

  /// Whether the messages label another second than the counted one, or the edges have another
  /// phase.
  [[nodiscard]] bool disputed() const;

  /// Whether the messages come so near an edge that they label no second.
  [[nodiscard]] bool ambiguous() const { return unlabelled_messages_ == ambiguous_from; }

  /// How many consistent messages in a row prove a second. The first:
  static constexpr int first_messages = 10;
  /// The first while the clock is an hour off or more, when others contradicted them, or when their
  /// delay varies.
  static constexpr int careful_messages = 20;
  /// Against a second that was known, or long after it.
  static constexpr int disputed_messages = 60;
  /// Against it by more than a day, or on another phase of the pulse.
  static constexpr int implausible_messages = 600;
  /// To send again after a loss, when they agree with the counted second.
  static constexpr int resume_messages = 5;

 private:
  static constexpr int ambiguous_from = 3;

  struct Hypothesis {
    UtcSecond second;           // of the last edge
    int consistent = 0;         // messages that labelled it
    MonotonicTime since{};      // when the first of them came
    int late_messages = 0;      // messages in a row that came late, if it is right
    int contradicting = 0;      // messages that labelled another second
    nanoseconds least_delay{};  // of its messages
    nanoseconds greatest_delay{};
  };

  /// The last confirmed second: with it a jump is noticed, also long after.
  struct Reference {
    UtcSecond second;
    Edge edge;
    nanoseconds delay{};   // average delay of the messages that confirmed it
    nanoseconds spread{};  // largest recent difference from that average
  };

  void confirm(const UtcInstant& time, nanoseconds delay, MonotonicTime burst);
  void add_to_candidate(UtcSecond second, nanoseconds delay, MonotonicTime now);
  [[nodiscard]] bool candidate_is_proved(bool offset_is_huge, MonotonicTime now) const;
  [[nodiscard]] int messages_needed(bool offset_is_huge) const;
  [[nodiscard]] bool is_unusual(nanoseconds delay) const;
  [[nodiscard]] bool is_only_late() const;
  [[nodiscard]] bool matches_elapsed(UtcSecond second) const;

  std::optional<Edge> edge_;
  std::optional<Hypothesis> proved_;
  std::optional<Hypothesis> candidate_;
  std::optional<Reference> reference_;
  bool phase_differs_ = false;    // from that of the reference
  bool phase_uncertain_ = false;  // the reference is too old to compare phases
  int delay_checks_left_ = 0;     // confirmations until a sleep is ruled out
  bool delay_contradicted_ =
      false;                     // after a clock step: neither messages nor clocks suffice alone
  int unlabelled_messages_ = 0;  // in a row, counted up to ambiguous_from
  std::optional<UtcSecond> confirmed_;
  std::optional<MonotonicTime> confirmed_at_;
};

}  // namespace ntsbox::driver
