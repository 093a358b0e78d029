#pragma once
// Which UTC second did the last accepted edge mark? The receiver's messages label it, and counting
// edges carries the label on. Labels jump, delays drift: only a jump of the labels can change the
// counted second, and messages that come late never do.

#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.h"
#include "driver/core/calendar.h"
#include "driver/core/edge_filter.h"

namespace ntsbox::driver {

class SecondLabel {
 public:
  enum class Outcome {
    confirmed,     // the message labels the counted second (or has just proved it)
    no_label,      // it labels no second, or not enough messages have labelled it yet
    contradicted,  // it labels another second, and no delay explains that
  };

  /// What the second of the last edge rests on. docs/integrity.md has the picture of the states.
  enum class Basis : std::uint8_t {
    nothing,      // no label was accepted yet
    counted,      // a label was accepted, and no edge since was lost
    bridged,      // edges were lost; the oscillator shows how many
    may_sleep,    // messages contradict the count after the machine may have slept
    long_absent,  // edges were lost for so long that the oscillator shows neither second nor phase
    moved,        // the edges came back with another phase
  };

  /// A message that labels a second.
  struct Message {
    UtcInstant time;         // what it reports
    nanoseconds after_edge;  // when its burst began, after the last edge (negative: before it)
    MonotonicTime received;  // when it was received
    bool careful;            // as many are needed as when the clock is an hour off
    bool young;              // the receiver's first fix is at most a quarter of an hour ago
    bool placed = true;      // no edge can have come between the begin of its burst and its time
  };

  /// `leaps`: which month ends may have a leap second.
  explicit SecondLabel(LeapTable leaps = {}) : leaps_(std::move(leaps)) {}

  /// `edge` is `count` seconds after the edge before it.
  void advance(std::int64_t count, const Edge& edge);

  /// The edge filter started again at `edge`. `drift`: by how much a second of true time is longer
  /// on the raw clock, where that is known. `course`: the phase of a pulse that left its course is
  /// compared more strictly; with a new rate it is another one, whatever that shows.
  void restart(const Edge& edge, std::optional<nanoseconds> drift = std::nullopt,
               Course course = Course::kept);

  /// The system clock was stepped by `size`: the machine may have slept for so long, and no edge
  /// was counted meanwhile.
  void on_clock_step(nanoseconds size) { stepped_ = minus(stepped_, -size); }

  /// A time of the receiver, whether or not other checks accept it: labels that jump are noticed.
  /// `withheld`: gpsd had withheld the time of the cycle before, as it does when time goes back.
  void observe(const UtcInstant& time, MonotonicTime burst, bool withheld = false);

  Outcome message(const Message& message);

  /// Another check failed: consistent messages are counted from zero again.
  void restart_count();

  /// The second of the last edge; empty before a label is accepted.
  [[nodiscard]] const std::optional<UtcSecond>& second() const { return label_; }

  /// The second of the last edge, accepted or not; empty when no message labelled it.
  [[nodiscard]] std::optional<UtcSecond> assumed_second() const;

  /// The last second that a message confirmed.
  [[nodiscard]] const std::optional<UtcSecond>& confirmed() const { return confirmed_; }

  /// When the burst of that message began.
  [[nodiscard]] const std::optional<MonotonicTime>& confirmed_at() const { return confirmed_at_; }

  /// Whether enough consistent messages came for samples to be sent.
  [[nodiscard]] bool may_send() const { return label_ && awaited_ == 0; }

  /// Whether the messages label another second than the counted one, or the edges have another
  /// phase.
  [[nodiscard]] bool disputed() const;

  /// The delay of the last message after the pulse that it describes, where three in a row were no
  /// evidence: they come with a pulse, or late.
  [[nodiscard]] std::optional<nanoseconds> unlabelled_delay() const;

  [[nodiscard]] Basis basis() const { return basis_; }

  /// How many consistent messages, one a second, prove a second. The first:
  static constexpr int first_messages = 10;
  /// The first while the clock is an hour off or more, or when their delay varies.
  static constexpr int careful_messages = 20;
  /// Against a contradiction: nine of ten messages must be consistent.
  static constexpr int messages_per_contradiction = 9;
  /// Against the count in the receiver's first quarter of an hour, or where the count was lost.
  static constexpr int minute_messages = 60;
  /// Against the count later, and on another phase of the pulse.
  static constexpr int ten_minutes_messages = 600;
  /// To send again after another check failed.
  static constexpr int resume_messages = 5;

 private:
  /// What a message shows about an assumed second of the last edge.
  enum class Evidence { consistent, none, jumped };

  struct Candidate {
    UtcSecond second;           // of the last edge
    UtcSecond last;             // that its last message reported
    int consistent = 1;         // messages that labelled it, one a second
    MonotonicTime since{};      // when the first of them came
    nanoseconds least_delay{};  // of its messages
    nanoseconds greatest_delay{};
  };

  struct Reference {
    UtcSecond second;
    Edge edge;
  };

  struct Previous {
    UtcInstant time;
    MonotonicTime burst;
  };

  Evidence evidence_for(UtcSecond second, const Message& message);
  /// Whether a delay is, but for whole seconds, what it usually is.
  [[nodiscard]] bool keeps_delay(nanoseconds delay) const;
  Outcome confirm(const Message& message);
  Outcome contradict(const Message& message);
  Outcome check_count(const Message& message);
  Outcome acquire(const Message& message);
  void begin_candidate(const Message& message);
  void add_to_candidate(const Message& message);
  bool accept_candidate(const Message& message);
  void note_unlabelled(nanoseconds delay);
  [[nodiscard]] int messages_needed(const Message& message) const;
  [[nodiscard]] bool sleep_explains(UtcSecond labelled) const;
  [[nodiscard]] bool lacks_leap(const Message& message) const;
  [[nodiscard]] bool is_leap(UtcSecond labelled) const;

  LeapTable leaps_;
  std::optional<Edge> edge_;
  Basis basis_ = Basis::nothing;
  std::optional<UtcSecond> label_;  // of the last edge, once accepted
  std::optional<Candidate> candidate_;
  int awaited_ = 0;               // consistent messages that must come before samples may be sent
  int contradictions_ = 0;        // of candidates, since a label was accepted
  bool contradicted_ = false;     // by the last message that was evidence
  Course course_ = Course::kept;  // of the pulse, since the last message that confirmed
  nanoseconds stepped_{};         // the system clock, since the last message that confirmed
  nanoseconds usual_delay_{};     // average delay of the messages that confirmed
  std::optional<Previous> previous_;
  bool new_edge_ = false;               // since that message
  bool after_gap_ = false;              // a silence since the last one that counted
  seconds shift_{};                     // by how much labels have jumped since one was confirmed
  std::optional<Reference> reference_;  // of the last message that confirmed
  int unlabelled_ = 0;                  // messages in a row, counted up to 3
  nanoseconds unlabelled_delay_{};
  std::optional<UtcSecond> confirmed_;
  std::optional<MonotonicTime> confirmed_at_;
};

}  // namespace ntsbox::driver
