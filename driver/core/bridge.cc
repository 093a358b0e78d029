#include "driver/core/bridge.h"

#include <chrono>
#include <utility>

#include "driver/core/calendar.h"

namespace ntsbox::driver {
namespace {

using std::chrono::abs;

// Clocks and stamps beyond 1970 ± 146 years are refused, so that differences fit in 64 bits.
constexpr auto clock_limit = nanoseconds{std::int64_t{1} << 62};
// chronyd may have corrected the clock since an older pulse.
constexpr nanoseconds oldest_pulse = 1s;
constexpr nanoseconds oldest_message = 2s;
constexpr nanoseconds reading_noise = 1ms;
// A receiver's own clock ticks each 10 to 30 ns, so a larger quantisation error is not plausible.
constexpr nanoseconds largest_quantization = 50ns;
constexpr nanoseconds quantization_lasts = 1s;
// A pulse is sent when the last message is at most this old. Silence has to last longer to end the
// lock: one message may get lost, and the next one may be late.
constexpr nanoseconds patience_for_a_pulse = 2s;
constexpr nanoseconds patience_for_the_lock = 3s;
// While the kernel's clock status is not read, its last objection stays in force.
constexpr nanoseconds objection_lasts = 60s;
// It takes three edges to tell the begin or the end of a slew from a glitch.
constexpr nanoseconds longest_pulse_gap = 3200ms;
constexpr nanoseconds message_reach = 3s;
constexpr nanoseconds huge_offset = 1h;
// Messages that come so soon after a pulse are of a clock that is on time.
constexpr nanoseconds with_the_pulse = 20ms;
// A larger step of the kernel's 32-bit sequence means that the counter started again.
constexpr std::uint32_t most_missed = 3600;

bool is_in_range(SystemTime time) {
  return abs(time.time_since_epoch()) < clock_limit;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// C++20 deduces this by itself; clang 14 does not.
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

std::optional<Reason> check_date(UtcSecond second, UtcSecond earliest, UtcSecond latest) {
  if (second < earliest) return Reason::before_floor;
  if (second > latest) return Reason::after_ceiling;
  return std::nullopt;
}

Bridge::Bridge(BridgeOptions options)
    : options_(std::move(options)),
      latest_date_(latest_date_after(options_.earliest_date)),
      receiver_(options_.device),
      second_label_(options_.leaps),
      kernel_clock_(options_.witness),
      lateness_(options_.lateness) {}

Bridge::Step Bridge::step(const Event& event) {
  const auto now = event.at.monotonic;
  const auto last_step = clock_.last_step();
  clock_.observe(event.at);
  if (clock_.last_step() != last_step) second_label_.on_clock_step(clock_.last_step_size());
  Step step;
  const Overloaded handle{
      [&](const Pulse& pulse) {
        step.decision = qualify(pulse, event.at);
        count(*step.decision);
      },
      [&](const GpsdReport& report) { on_gpsd(report, event.at); },
      [&](const Tick& tick) {
        if (tick.clock) kernel_clock_.on_status(*tick.clock, now);
      },
      [&](const GpsdLost&) {
        receiver_.on_gpsd_lost();
        date_refusal_.reset();
        unlock();
      },
      [&](const PpsLost&) {
        edge_filter_.on_source_lost();
        sequence_.reset();
        unlock();
      },
  };
  std::visit(handle, event.what);
  check_timeouts(now);
  if (const auto state = state_at(now); state != state_) step.state = state_ = state;
  return step;
}

void Bridge::on_gpsd(const GpsdReport& report, const Reading& at) {
  const auto now = at.monotonic;
  receiver_.on_gpsd_line();
  std::visit(
      Overloaded{
          [&](const FixReport& fix) {
            if (!receiver_.on_fix(fix, now)) return;
            if (const auto found = receiver_.time_without_toff(now))
              on_message({fix.device, found->time, {}}, found->begin, at, true, false);
          },
          [&](const SentenceReport& sentence) { receiver_.on_sentence(sentence, now); },
          [&](const SkyReport& sky) { receiver_.on_sky(sky, now); },
          [&](const DeviceReport& devices) { receiver_.on_devices(devices); },
          [&](const TimeReport& time) { on_time(time, at); },
          [&](const QuantizationReport& quantization) { on_quantization(quantization, now); },
          [](const auto&) {},
      },
      report);
}

void Bridge::on_time(const TimeReport& time, const Reading& at) {
  const auto now = at.monotonic;
  const auto burst = clock_.monotonic_of(time.clock);
  const auto age = difference(now, burst);
  // A message that waited in a queue, or whose stamp is from before a clock step, is no evidence.
  if (clock_.departure() != 0ns || age < -reading_noise || age > oldest_message) return;
  if (const auto step = clock_.last_step(); step && burst < *step) return;
  const bool withheld = receiver_.on_toff(now);
  on_message(time, burst, at, false, withheld);
}

/// A time of the receiver whose burst began at `burst`. `careful`: more of them are needed.
void Bridge::on_message(const TimeReport& time, MonotonicTime burst, const Reading& at,
                        bool careful, bool withheld) {
  const auto now = at.monotonic;
  if (!receiver_.on_time(time, burst, now)) return;

  second_label_.observe(time.real, burst, withheld);
  date_refusal_ = check_date(time.real.second, options_.earliest_date, latest_date_);
  refused_date_ = time.real.second;
  const auto reason = reason_against(now, patience_for_the_lock);
  // While the kernel clock check objects to the label, no sample is sent, but the messages for
  // another label are counted. Else the objection would last for ever.
  if (reason && reason != Reason::witness) return unlock();
  if (edge_filter_.irregular(now) || edge_filter_.runs_off()) return unlock();
  if (!last_stamp_) return;
  const auto after_edge = difference(burst, edge_filter_.last()->monotonic);
  if (abs(after_edge) > message_reach) return;
  const auto offset = offset_of(time.real.second, *last_stamp_);
  careful |= !offset || abs(*offset) > huge_offset;
  const auto outcome = second_label_.message(
      {time.real, after_edge, now, careful, receiver_.is_young(now), is_placed(burst)});
  if (outcome == SecondLabel::Outcome::contradicted) locked_ = false;
  if (outcome == SecondLabel::Outcome::confirmed && second_label_.may_send() &&
      edge_filter_.steady() && !reason)
    locked_ = true;
}

/// Whether no edge can have come between the begin of the burst and gpsd's stamp of its time.
bool Bridge::is_placed(MonotonicTime stamp) const {
  const auto last = edge_filter_.last()->monotonic;
  const auto second_of = [last](MonotonicTime when) {
    return std::chrono::floor<seconds>(difference(when, last));
  };
  return second_of(receiver_.earliest_begin()) == second_of(stamp);
}

void Bridge::on_quantization(const QuantizationReport& report, MonotonicTime now) {
  if (!report.device.empty() && report.device != receiver_.device()) return;
  const auto early = std::chrono::round<nanoseconds>(report.early);
  quantization_.reset();
  if (abs(report.early) <= largest_quantization) quantization_ = {report.second, early, now};
}

Decision Bridge::qualify(const Pulse& pulse, const Reading& at) {
  if (!is_in_range(pulse.stamp) || !is_in_range(at.system)) return Reason::clock_range;
  if (sequence_ == pulse.sequence) return Reason::duplicate;
  if (sequence_) {
    const auto steps = static_cast<std::uint32_t>(pulse.sequence - *sequence_);
    if (steps > 1 && steps <= most_missed) counters_.missed += steps - 1;
  }
  sequence_ = pulse.sequence;

  const auto edge = edge_of(pulse, at);
  if (!edge) return Reason::clock_step;
  const auto edge_class = edge_filter_.classify(*edge);
  const bool irregular = edge_filter_.irregular(at.monotonic);
  if (irregular || edge_filter_.runs_off()) unlock();
  if (edge_class.kind == EdgeFilter::Kind::off_time)
    return edge_filter_.runs_off() ? Reason::pulse_drift
           : irregular             ? Reason::pulse_rate
                                   : Reason::off_beat;

  update_label(edge_class, *edge);
  last_stamp_ = pulse.stamp;
  const auto assumed = second_label_.assumed_second();
  const auto offset = assumed ? offset_of(*assumed, pulse.stamp) : std::nullopt;
  if (kernel_clock_.is_current(at.monotonic, clock_.last_step()))
    kernel_clock_contradicted_.reset();
  if (offset && kernel_clock_.contradicts(*offset, at.monotonic, clock_.last_step()))
    kernel_clock_contradicted_ = at.monotonic;
  if (irregular) return Reason::pulse_rate;
  auto decision = decide(pulse, at);
  if (auto* sample = std::get_if<Sample>(&decision); sample && edge->raw)
    sample->correction += lateness_.estimate(*sample, *edge->raw);
  return decision;
}

/// The edge on the clocks that do not step; empty when the clock may have been stepped between the
/// stamp and the reading.
std::optional<Edge> Bridge::edge_of(const Pulse& pulse, const Reading& at) const {
  const auto age = difference(at.system, pulse.stamp);
  Edge edge{clock_.monotonic_of(pulse.stamp), std::nullopt};
  if (age < -reading_noise) return std::nullopt;
  if (const auto step = clock_.last_step(); step && edge.monotonic < *step) return std::nullopt;
  // Either the clock was stepped or the reading was disturbed; the next reading shows which.
  if (clock_.departure() != 0ns) return std::nullopt;
  if (at.raw) edge.raw = RawTime{minus(at.raw->time_since_epoch(), age)};
  return edge;
}

void Bridge::update_label(const EdgeFilter::Classification& edge_class, const Edge& edge) {
  const bool counted = edge_class.kind == EdgeFilter::Kind::on_time ||
                       (edge_class.kind == EdgeFilter::Kind::phase_jump && edge_class.same_phase);
  if (counted) return second_label_.advance(edge_class.seconds, edge);
  second_label_.restart(edge, edge_filter_.drift(), edge_class.course);
  unlock();
}

Decision Bridge::decide(const Pulse& pulse, const Reading& at) {
  const auto now = at.monotonic;
  if (difference(at.system, pulse.stamp) > oldest_pulse) return Reason::late;
  if (const auto reason = reason_against(now, patience_for_a_pulse)) return *reason;
  const auto second = second_label_.second();
  if (!locked_ || !second) {
    const auto state = state_at(now);
    if (state == State::fault) return Reason::fault;
    if (const auto reason = reason_of_delay()) return *reason;
    return second ? Reason::hold : Reason::acquiring;
  }
  if (may_have_slept()) return Reason::clock_step;
  if (options_.leaps.may_change_between(*second_label_.confirmed() - leap_shown_within,
                                        *second + 1s))
    return Reason::month_end;
  if (difference(now, *second_label_.confirmed_at()) > patience_for_a_pulse)
    return Reason::no_second;
  if (const auto reason = check_date(*second, options_.earliest_date, latest_date_)) return *reason;
  const auto offset = offset_of(*second, pulse.stamp);
  if (!offset) return Reason::clock_range;
  return Sample{pulse.stamp, *second, *offset - quantization_of(*second, now), options_.correction};
}

/// Whether the clock was stepped since the last message. By its clocks the machine may have slept
/// instead, for whole seconds that no edge counted; the next message shows which.
bool Bridge::may_have_slept() const {
  const auto step = clock_.last_step();
  return step && *step > *second_label_.confirmed_at();
}

/// By how much the pulse of `second` came early, where the receiver has reported it in time. Some
/// receivers report it after the pulse, which is then sent uncorrected.
nanoseconds Bridge::quantization_of(UtcSecond second, MonotonicTime now) const {
  const bool applies = quantization_ && quantization_->second == second &&
                       difference(now, quantization_->received) <= quantization_lasts;
  return applies ? quantization_->early : 0ns;
}

std::optional<Reason> Bridge::reason_against(MonotonicTime now) const {
  if (const auto reason = reason_against(now, patience_for_the_lock)) return reason;
  if (edge_filter_.runs_off()) return Reason::pulse_drift;
  if (edge_filter_.irregular(now)) return Reason::pulse_rate;
  return locked_ ? std::nullopt : reason_of_delay();
}

/// Why messages are no evidence that come all the time.
std::optional<Reason> Bridge::reason_of_delay() const {
  const auto delay = second_label_.unlabelled_delay();
  if (!delay) return std::nullopt;
  if (*delay >= 1s) return Reason::late_messages;
  return *delay >= 0ns && *delay <= with_the_pulse ? Reason::early_messages : Reason::ambiguous;
}

std::optional<Reason> Bridge::reason_against(MonotonicTime now, nanoseconds patience) const {
  if (const auto reason = receiver_.reason_against(now, patience)) return reason;
  if (date_refusal_) return date_refusal_;
  if (kernel_clock_contradicted_) {
    const bool current = kernel_clock_.is_current(now, clock_.last_step());
    if (difference(now, *kernel_clock_contradicted_) <= (current ? patience : objection_lasts))
      return Reason::witness;
  }
  return std::nullopt;
}

std::optional<int> Bridge::suspected_rollovers() const {
  if (!date_refusal_) return std::nullopt;
  return rollovers_to_fit(refused_date_, options_.earliest_date, latest_date_);
}

bool Bridge::pulses_come(MonotonicTime now) const {
  return edge_filter_.last() &&
         difference(now, edge_filter_.last()->monotonic) <= longest_pulse_gap;
}

void Bridge::count(const Decision& decision) {
  ++counters_.pulses;
  if (const auto* sample = std::get_if<Sample>(&decision)) {
    ++counters_.samples;
    last_sample_ = *sample;
  } else {
    ++counters_.refused[static_cast<std::size_t>(std::get<Reason>(decision))];
  }
}

void Bridge::unlock() {
  locked_ = false;
  second_label_.restart_count();
}

/// Ends the lock when the receiver, its messages or its pulses stay away.
void Bridge::check_timeouts(MonotonicTime now) {
  if (!locked_) return;
  const bool confirmed = difference(now, *second_label_.confirmed_at()) <= patience_for_the_lock;
  if (reason_against(now, patience_for_the_lock) || !confirmed || !pulses_come(now)) unlock();
}

State Bridge::state_at(MonotonicTime now) const {
  if (locked_) return State::locked;
  if (second_label_.disputed()) return State::fault;
  if (second_label_.second()) return State::hold;
  return !receiver_.reason_against(now, patience_for_the_lock) && pulses_come(now)
             ? State::acquiring
             : State::waiting;
}

}  // namespace ntsbox::driver
