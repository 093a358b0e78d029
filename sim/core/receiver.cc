#include "sim/core/receiver.h"

#include <algorithm>
#include <cmath>

namespace ntsbox::sim {

Receiver::Receiver(const ReceiverOptions& options, const TrueTime& true_time, MonotonicTime start)
    : options_(options), true_time_(true_time), generator_(options.seed) {
  plan(start);
}

MonotonicTime Receiver::next() const {
  return std::min(edge_.when, burst_at_);
}

std::optional<Edge> Receiver::take_edge(MonotonicTime now) {
  while (edge_.when <= now) {
    const auto come = edge_;
    edge_.second += 1s;
    plan_edge();
    if (pulses_) return come;
  }
  return std::nullopt;
}

std::optional<Burst> Receiver::take_burst(MonotonicTime now) {
  while (burst_at_ <= now) {
    const auto second = std::chrono::floor<seconds>(epoch_);
    // Receivers report the satellites in view less often than the rest.
    const bool in_view = epoch_ == second && second.time_since_epoch().count() % 5 == 0;
    Burst due{burst_at_, sentences_of({epoch_, mode_, in_view}, options_.decimals)};
    if (corrupt_one_in_ > 0 && ++bursts_ % corrupt_one_in_ == 0) due.text[1] = 'X';
    epoch_ += nanoseconds{1s} / options_.rate;
    plan_burst();
    if (sentences_) return due;
  }
  return std::nullopt;
}

void Receiver::execute(const Command& command, MonotonicTime now) {
  if (const auto* set = std::get_if<SetFix>(&command)) mode_ = set->mode;
  if (const auto* set = std::get_if<SetPulse>(&command)) pulses_ = set->on;
  if (const auto* set = std::get_if<SetSentences>(&command)) sentences_ = set->on;
  if (const auto* set = std::get_if<SetLatency>(&command)) options_.latency = set->latency;
  if (const auto* set = std::get_if<Corrupt>(&command)) corrupt_one_in_ = set->one_in;
  if (const auto* jump = std::get_if<Jump>(&command)) {
    true_time_.jump(jump->by);
    plan(now);
  }
}

nanoseconds Receiver::random(nanoseconds sigma) {
  if (sigma == 0ns) return 0ns;
  return nanoseconds{
      std::llround(std::normal_distribution<>{0, static_cast<double>(sigma.count())}(generator_))};
}

void Receiver::plan(MonotonicTime now) {
  // The first second whose edge and sentences are both still to come.
  const auto second = std::chrono::ceil<seconds>(true_time_.at(now));
  edge_.second = second;
  epoch_ = second;
  burst_at_ = now;
  plan_edge();
  plan_burst();
}

void Receiver::plan_edge() {
  auto late = random(options_.pulse_jitter);
  if (options_.pulse_shape == JitterShape::late) late = std::chrono::abs(late);
  ++edge_.sequence;
  edge_.when = true_time_.when(edge_.second) + late;
}

void Receiver::plan_burst() {
  // Limited so that no burst precedes its epoch, and bursts stay in order.
  const auto latency = std::max(0ns, options_.latency + random(options_.jitter));
  burst_at_ = std::max(burst_at_, true_time_.when(epoch_) + latency);
}

}  // namespace ntsbox::sim
