#pragma once
// The judgement of time: events in, one verdict a pulse out. Pure: the same events give the same
// verdicts.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "driver/core/clock_watch.h"
#include "driver/core/comb.h"
#include "driver/core/decision.h"
#include "driver/core/event.h"
#include "driver/core/lateness.h"
#include "driver/core/numbering.h"
#include "driver/core/receiver_watch.h"
#include "driver/core/witness.h"

namespace ntsbox::driver {

struct BridgeOptions {
  UtcSecond floor{};    // no earlier date is believed, nor one 15 years later
  bool witness = true;  // heed the kernel's clock status
  std::string device;   // the receiver to follow; "" for whichever single device speaks
  nanoseconds
      correction{};  // how late the pulse is known to be (cable, board), added to each sample
  LatenessMode lateness = LatenessMode::raw;  // what to do about how late each one was stamped
};

/// Why no pulse may mark this second; empty when it lies between floor and ceiling, both included.
[[nodiscard]] std::optional<Reason> date_refusal(UtcSecond second, UtcSecond floor,
                                                 UtcSecond ceiling);

/// What happened to the pulses so far.
struct Counters {
  std::uint64_t pulses = 0;
  std::uint64_t samples = 0;
  Refusals refused{};
  std::uint64_t missed = 0;  // edges that the sequence counted and nobody fetched
};

class Bridge {
 public:
  explicit Bridge(BridgeOptions options);

  struct Step {
    std::optional<Verdict> verdict;  // exactly when the event was a Pulse
    std::optional<State> state;      // when it changed
  };

  /// Events in the order in which they were received. Never blocks, never asks a clock, never
  /// allocates once the receiver's name is known.
  Step step(const Event& event);

  [[nodiscard]] State state() const { return state_; }

  [[nodiscard]] const Counters& counters() const { return counters_; }

  [[nodiscard]] const std::optional<Sample>& last_sample() const { return last_sample_; }

  [[nodiscard]] const ReceiverWatch& receiver() const { return receiver_; }

  [[nodiscard]] const Lateness& lateness() const { return lateness_; }

  /// What stands in the way of samples at `now`; empty when nothing is known to.
  [[nodiscard]] std::optional<Reason> doubt(MonotonicTime now) const;
  /// How many rollovers of 1024 weeks the receiver's date seems to be off: that many would bring it
  /// into the range that is believed. Empty when its date is believed, or none would.
  [[nodiscard]] std::optional<int> suspected_rollovers() const;
  /// Whether pulses come at `now`.
  [[nodiscard]] bool pulses_come(MonotonicTime now) const;

 private:
  void take(const GpsdReport& report, const Reading& at);
  void take_time(const TimeReport& time, const Reading& at);
  void take_quantization(const QuantizationReport& report, MonotonicTime now);
  Verdict judge(const Pulse& pulse, const Reading& at);
  [[nodiscard]] std::optional<Reason> doubt(MonotonicTime now, nanoseconds patience) const;
  Verdict judge_beat(const Pulse& pulse, const Reading& at);
  std::optional<Edge> edge_of(const Pulse& pulse, const Reading& at) const;
  void follow(const Comb::Judgement& judgement, const Edge& edge);
  [[nodiscard]] bool may_have_slept() const;
  [[nodiscard]] nanoseconds quantization_of(UtcSecond second, MonotonicTime now) const;
  void count(const Verdict& verdict);
  void unlock();
  void review(MonotonicTime now);
  [[nodiscard]] State state_at(MonotonicTime now) const;

  BridgeOptions options_;
  UtcSecond ceiling_;

  ClockWatch clock_;
  Comb comb_;
  ReceiverWatch receiver_;
  Numbering numbering_;
  Witness witness_;
  Lateness lateness_;

  bool locked_ = false;
  State state_ = State::waiting;
  std::optional<Reason> date_doubt_;               // the receiver's last date was not believable
  UtcSecond doubted_date_{};                       // that date
  std::optional<MonotonicTime> witness_objected_;  // to the last beat
  std::optional<std::uint64_t> sequence_;
  std::optional<SystemTime> last_stamp_;  // of the last beat

  struct Quantization {
    UtcSecond second;
    nanoseconds early;
    MonotonicTime told;
  };

  std::optional<Quantization> quantization_;
  Counters counters_;
  std::optional<Sample> last_sample_;
};

}  // namespace ntsbox::driver
