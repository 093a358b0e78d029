#include "driver/core/bridge.h"

#include <chrono>
#include <utility>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// Clocks and stamps beyond 1970 ± 146 years are nobody's: differences of what is left fit in 64
// bits.
constexpr auto believable_clock = nanoseconds{std::int64_t{1} << 62};
// Older, and chronyd may have corrected the clock since (reliability over a sample that is a second
// old).
constexpr nanoseconds oldest_pulse = 1s;
constexpr nanoseconds oldest_sentence = 2s;
constexpr nanoseconds reading_noise = 1ms;
// A receiver's own clock ticks each 10 to 30 ns: a larger error of quantisation is none.
constexpr nanoseconds largest_quantization = 50ns;
constexpr nanoseconds quantization_lasts = 1s;
// A pulse is sent on a sentence that is at most this old. Silence has to last longer to end the
// lock: one sentence may get lost, and the next one may be a late one.
constexpr nanoseconds patience_for_a_pulse = 2s;
constexpr nanoseconds patience_for_the_lock = 3s;
// While the kernel's clock status is not read, what it said last stands.
constexpr nanoseconds objection_lasts = 60s;
// A slew that begins or ends takes three edges to be told from a glitch.
constexpr nanoseconds pulse_patience = 3200ms;
constexpr nanoseconds sentence_reach = 3s;
constexpr nanoseconds huge_offset = 1h;
// A larger step of the kernel's 32-bit sequence is a counter that started again.
constexpr std::uint32_t most_missed = 3600;

bool believable(SystemTime time) {
  return abs(time.time_since_epoch()) < believable_clock;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// C++20 deduces this by itself; clang 14 does not.
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

std::optional<Reason> date_refusal(UtcSecond second, UtcSecond floor, UtcSecond ceiling) {
  if (second < floor) return Reason::before_floor;
  if (second > ceiling) return Reason::after_ceiling;
  return std::nullopt;
}

Bridge::Bridge(BridgeOptions options)
    : options_(std::move(options)),
      ceiling_(ceiling_of(options_.floor)),
      receiver_(options_.device),
      witness_(options_.witness),
      lateness_(options_.lateness) {}

Bridge::Step Bridge::step(const Event& event) {
  const auto now = event.at.monotonic;
  const auto last_step = clock_.last_step();
  clock_.observe(event.at);
  if (clock_.last_step() != last_step) numbering_.slept();
  Step step;
  const Overloaded take_it{
      [&](const Pulse& pulse) {
        step.verdict = judge(pulse, event.at);
        count(*step.verdict);
      },
      [&](const GpsdReport& report) { take(report, event.at); },
      [&](const Tick& tick) {
        if (tick.clock) witness_.take(*tick.clock, now);
      },
      [&](const GpsdLost&) {
        receiver_.gpsd_lost();
        date_doubt_.reset();
        unlock();
      },
      [&](const PpsLost&) {
        comb_.lost();
        sequence_.reset();
        unlock();
      },
  };
  std::visit(take_it, event.what);
  review(now);
  if (const auto state = state_at(now); state != state_) step.state = state_ = state;
  return step;
}

void Bridge::take(const GpsdReport& report, const Reading& at) {
  const auto now = at.monotonic;
  receiver_.gpsd_spoke();
  std::visit(
      Overloaded{
          [&](const FixReport& fix) { receiver_.take(fix, now); },
          [&](const SkyReport& sky) { receiver_.take(sky, now); },
          [&](const DeviceReport& devices) { receiver_.take(devices); },
          [&](const TimeReport& time) { take_time(time, at); },
          [&](const QuantizationReport& quantization) { take_quantization(quantization, now); },
          [](const auto&) {},
      },
      report);
}

void Bridge::take_time(const TimeReport& time, const Reading& at) {
  const auto now = at.monotonic;
  const auto burst = clock_.monotonic_of(time.clock);
  const auto age = difference(now, burst);
  // A sentence that waited in a queue, or whose stamp is of the clock before a step, tells nothing.
  if (clock_.departure() != 0ns || age < -reading_noise || age > oldest_sentence) return;
  if (const auto step = clock_.last_step(); step && burst < *step) return;
  if (!receiver_.take(time, burst, now)) return;

  date_doubt_ = date_refusal(time.real.second, options_.floor, ceiling_);
  doubted_date_ = time.real.second;
  const auto doubted = doubt(now, patience_for_the_lock);
  // Of a number that the witness objects to nothing is sent; but the sentences that tell another
  // one are counted, or the objection would last for ever.
  if (doubted && doubted != Reason::witness) return unlock();
  if (comb_.irregular(now)) return unlock();
  if (!last_stamp_) return;
  const auto after_beat = difference(burst, comb_.last()->monotonic);
  if (abs(after_beat) > sentence_reach) return;
  const auto offset = offset_of(time.real.second, *last_stamp_);
  const bool huge = !offset || abs(*offset) > huge_offset;
  const auto outcome = numbering_.sentence(time.real, after_beat, now, huge);
  if (outcome == Numbering::Outcome::contradicted) locked_ = false;
  if (outcome == Numbering::Outcome::confirmed && numbering_.settled() && comb_.steady() &&
      !doubted)
    locked_ = true;
}

void Bridge::take_quantization(const QuantizationReport& report, MonotonicTime now) {
  if (!report.device.empty() && report.device != receiver_.device()) return;
  const auto early = std::chrono::round<nanoseconds>(report.early);
  quantization_.reset();
  if (abs(report.early) <= largest_quantization) quantization_ = {report.second, early, now};
}

Verdict Bridge::judge(const Pulse& pulse, const Reading& at) {
  if (!believable(pulse.stamp) || !believable(at.system)) return Reason::clock_range;
  if (sequence_ == pulse.sequence) return Reason::duplicate;
  if (sequence_) {
    const auto steps = static_cast<std::uint32_t>(pulse.sequence - *sequence_);
    if (steps > 1 && steps <= most_missed) counters_.missed += steps - 1;
  }
  sequence_ = pulse.sequence;

  const auto edge = edge_of(pulse, at);
  if (!edge) return Reason::clock_step;
  const auto judgement = comb_.judge(*edge);
  const bool irregular = comb_.irregular(at.monotonic);
  if (irregular) unlock();
  if (judgement.kind == Comb::Kind::stray) return irregular ? Reason::pulse_rate : Reason::off_beat;

  follow(judgement, *edge);
  last_stamp_ = pulse.stamp;
  const auto supposed = numbering_.supposed();
  const auto offset = supposed ? offset_of(*supposed, pulse.stamp) : std::nullopt;
  if (witness_.is_heard(at.monotonic, clock_.last_step())) witness_objected_.reset();
  if (offset && witness_.objects(*offset, at.monotonic, clock_.last_step()))
    witness_objected_ = at.monotonic;
  if (irregular) return Reason::pulse_rate;
  auto verdict = judge_beat(pulse, at);
  if (auto* sample = std::get_if<Sample>(&verdict); sample && edge->raw)
    sample->correction += lateness_.judge(*sample, *edge->raw);
  return verdict;
}

/// The edge on the clocks that do not step; empty when its stamp may be of another clock than the
/// reading.
std::optional<Edge> Bridge::edge_of(const Pulse& pulse, const Reading& at) const {
  const auto age = difference(at.system, pulse.stamp);
  Edge edge{clock_.monotonic_of(pulse.stamp), std::nullopt};
  if (age < -reading_noise) return std::nullopt;
  if (const auto step = clock_.last_step(); step && edge.monotonic < *step) return std::nullopt;
  // Either the clock was stepped or the reading was disturbed: the next one will show.
  if (clock_.departure() != 0ns) return std::nullopt;
  if (at.raw) edge.raw = RawTime{minus(at.raw->time_since_epoch(), age)};
  return edge;
}

void Bridge::follow(const Comb::Judgement& judgement, const Edge& edge) {
  const bool carried = judgement.kind == Comb::Kind::beat ||
                       (judgement.kind == Comb::Kind::moved && judgement.same_phase);
  if (carried) return numbering_.beat(judgement.seconds, edge);
  numbering_.restart(edge, comb_.drift());
  unlock();
}

Verdict Bridge::judge_beat(const Pulse& pulse, const Reading& at) {
  const auto now = at.monotonic;
  if (difference(at.system, pulse.stamp) > oldest_pulse) return Reason::late;
  if (const auto reason = doubt(now, patience_for_a_pulse)) return *reason;
  const auto second = numbering_.second();
  if (!locked_ || !second) {
    const auto state = state_at(now);
    if (state == State::fault) return Reason::fault;
    if (numbering_.ambiguous()) return Reason::ambiguous;
    return second ? Reason::hold : Reason::acquiring;
  }
  if (may_have_slept()) return Reason::clock_step;
  if (month_begins_between(*numbering_.confirmed() - leap_is_told_within, *second + 1s))
    return Reason::month_end;
  if (difference(now, *numbering_.confirmed_at()) > patience_for_a_pulse) return Reason::no_second;
  if (const auto reason = date_refusal(*second, options_.floor, ceiling_)) return *reason;
  const auto offset = offset_of(*second, pulse.stamp);
  if (!offset) return Reason::clock_range;
  return Sample{pulse.stamp, *second, *offset - quantization_of(*second, now), options_.correction};
}

/// Whether the clock was stepped since the last sentence. As far as its clocks tell, the machine
/// may have slept instead, for whole seconds that no edge counted: the next sentence will show.
bool Bridge::may_have_slept() const {
  const auto step = clock_.last_step();
  return step && *step > *numbering_.confirmed_at();
}

/// By how much the pulse of `second` came early, where the receiver has told: it may be told after
/// the pulse as well, which is then gone without.
nanoseconds Bridge::quantization_of(UtcSecond second, MonotonicTime now) const {
  const bool told = quantization_ && quantization_->second == second &&
                    difference(now, quantization_->told) <= quantization_lasts;
  return told ? quantization_->early : 0ns;
}

std::optional<Reason> Bridge::doubt(MonotonicTime now) const {
  if (const auto reason = doubt(now, patience_for_the_lock)) return reason;
  if (comb_.irregular(now)) return Reason::pulse_rate;
  if (!locked_ && numbering_.ambiguous()) return Reason::ambiguous;
  return std::nullopt;
}

std::optional<Reason> Bridge::doubt(MonotonicTime now, nanoseconds patience) const {
  if (const auto reason = receiver_.doubt(now, patience)) return reason;
  if (date_doubt_) return date_doubt_;
  if (witness_objected_) {
    const bool heard = witness_.is_heard(now, clock_.last_step());
    if (difference(now, *witness_objected_) <= (heard ? patience : objection_lasts))
      return Reason::witness;
  }
  return std::nullopt;
}

std::optional<int> Bridge::suspected_rollovers() const {
  if (!date_doubt_) return std::nullopt;
  return rollovers_to_fit(doubted_date_, options_.floor, ceiling_);
}

bool Bridge::pulses_come(MonotonicTime now) const {
  return comb_.last() && difference(now, comb_.last()->monotonic) <= pulse_patience;
}

void Bridge::count(const Verdict& verdict) {
  ++counters_.pulses;
  if (const auto* sample = std::get_if<Sample>(&verdict)) {
    ++counters_.samples;
    last_sample_ = *sample;
  } else {
    ++counters_.refused[static_cast<std::size_t>(std::get<Reason>(verdict))];
  }
}

void Bridge::unlock() {
  locked_ = false;
  numbering_.doubted();
}

/// What time alone brings: silence of the receiver, of its sentences, of its pulses.
void Bridge::review(MonotonicTime now) {
  if (!locked_) return;
  const bool confirmed = difference(now, *numbering_.confirmed_at()) <= patience_for_the_lock;
  if (doubt(now, patience_for_the_lock) || !confirmed || !pulses_come(now)) unlock();
}

State Bridge::state_at(MonotonicTime now) const {
  if (locked_) return State::locked;
  if (numbering_.disputed()) return State::fault;
  if (numbering_.second()) return State::hold;
  return !receiver_.doubt(now, patience_for_the_lock) && pulses_come(now) ? State::acquiring
                                                                          : State::waiting;
}

}  // namespace ntsbox::driver
