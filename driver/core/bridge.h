#pragma once
// The decision about each pulse: events in, one decision per pulse out. Pure: the same events give
// the same decisions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "driver/core/clock_checks.h"
#include "driver/core/decision.h"
#include "driver/core/edge_filter.h"
#include "driver/core/event.h"
#include "driver/core/lateness.h"
#include "driver/core/receiver_watch.h"
#include "driver/core/second_label.h"

namespace ntsbox::driver {

struct BridgeOptions {
  UtcSecond earliest_date{};  // the earliest date to accept; the latest is 15 years after it
  bool witness = true;        // use the kernel clock check
  std::string device;         // the receiver to follow; "" for the only device that sends reports
  nanoseconds correction{};   // constant lateness of the pulse (cable, board), added to each sample
  LatenessMode lateness = LatenessMode::raw;  // how to correct the lateness of each edge
  LeapTable leaps;                            // which month ends have a leap second
};

/// Why a pulse may not mark this second; empty when it lies from `earliest` to `latest`, both
/// included.
[[nodiscard]] std::optional<Reason> check_date(UtcSecond second, UtcSecond earliest,
                                               UtcSecond latest);

/// What happened to the pulses so far.
struct Counters {
  std::uint64_t pulses = 0;
  std::uint64_t samples = 0;
  Refusals refused{};
  std::uint64_t missed = 0;  // edges that the kernel counted and this program did not fetch
};

class Bridge {
 public:
  explicit Bridge(BridgeOptions options);

  struct Step {
    std::optional<Decision> decision;  // exactly when the event was a Pulse
    std::optional<State> state;        // when it changed
  };

  /// Takes the events in the order in which they were received. Never blocks, never reads a clock,
  /// never allocates once the receiver's name is known.
  Step step(const Event& event);

  [[nodiscard]] State state() const { return state_; }

  [[nodiscard]] const Counters& counters() const { return counters_; }

  [[nodiscard]] const std::optional<Sample>& last_sample() const { return last_sample_; }

  [[nodiscard]] const ReceiverWatch& receiver() const { return receiver_; }

  [[nodiscard]] const Lateness& lateness() const { return lateness_; }

  /// Why no sample can be sent at `now`; empty when no check objects.
  [[nodiscard]] std::optional<Reason> reason_against(MonotonicTime now) const;
  /// By how many rollovers of 1024 weeks the receiver's date seems to be off: so many would bring
  /// it into the accepted range. Empty when its date is accepted, or no number of them would.
  [[nodiscard]] std::optional<int> suspected_rollovers() const;

  /// How long after their pulse the receiver's messages come, where that is why they are no
  /// evidence.
  [[nodiscard]] std::optional<nanoseconds> message_delay() const {
    return second_label_.unlabelled_delay();
  }

  /// Whether an edge was accepted shortly before `now`.
  [[nodiscard]] bool pulses_come(MonotonicTime now) const;

 private:
  void on_gpsd(const GpsdReport& report, const Reading& at);
  void on_time(const TimeReport& time, const Reading& at);
  void on_message(const TimeReport& time, MonotonicTime burst, const Reading& at, bool careful,
                  bool withheld);
  [[nodiscard]] bool is_placed(MonotonicTime stamp) const;
  void on_quantization(const QuantizationReport& report, MonotonicTime now);
  Decision qualify(const Pulse& pulse, const Reading& at);
  [[nodiscard]] std::optional<Reason> reason_against(MonotonicTime now, nanoseconds patience) const;
  [[nodiscard]] std::optional<Reason> reason_of_delay() const;
  Decision decide(const Pulse& pulse, const Reading& at);
  std::optional<Edge> edge_of(const Pulse& pulse, const Reading& at) const;
  void update_label(const EdgeFilter::Classification& edge_class, const Edge& edge);
  [[nodiscard]] bool may_have_slept() const;
  [[nodiscard]] nanoseconds quantization_of(UtcSecond second, MonotonicTime now) const;
  void count(const Decision& decision);
  void unlock();
  void check_timeouts(MonotonicTime now);
  [[nodiscard]] State state_at(MonotonicTime now) const;

  BridgeOptions options_;
  UtcSecond latest_date_;

  ClockWatch clock_;
  EdgeFilter edge_filter_;
  ReceiverWatch receiver_;
  SecondLabel second_label_;
  KernelClockCheck kernel_clock_;
  Lateness lateness_;

  bool locked_ = false;
  State state_ = State::waiting;
  std::optional<Reason> date_refusal_;  // why the receiver's last date was refused
  UtcSecond refused_date_{};            // that date
  std::optional<MonotonicTime> kernel_clock_contradicted_;  // at the last accepted edge
  std::optional<std::uint64_t> sequence_;
  std::optional<SystemTime> last_stamp_;  // of the last accepted edge

  struct Quantization {
    UtcSecond second;
    nanoseconds early;
    MonotonicTime received;
  };

  std::optional<Quantization> quantization_;
  Counters counters_;
  std::optional<Sample> last_sample_;
};

}  // namespace ntsbox::driver
