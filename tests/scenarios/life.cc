#include "tests/scenarios/life.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/scenarios/lateness.h"

namespace ntsbox::scenarios {
namespace {

/// Streams of random numbers, one for each purpose.
enum Purpose : std::uint64_t { edges = 16, sentences, extra_edges, readings };

ClockOptions clock_options(const LifePlan& plan, const Character& character) {
  ClockOptions options;
  options.system_at_start = nanoseconds{character.start.time_since_epoch()} + character.clock_error;
  options.disciplined = character.disciplined;
  options.phase = character.phase;
  for (const auto& fault : plan.faults) {
    if (fault.kind == FaultKind::clock_step)
      options.steps.push_back({fault.from, span(fault.amount)});
    if (fault.kind == FaultKind::slew)
      options.slews.push_back({fault.from, fault.until, fault.amount});
  }
  return options;
}

}  // namespace

Life::Life(LifePlan plan)
    : plan_(std::move(plan)),
      character_(character_of(plan_.seed)),
      clocks_(clock_options(plan_, character_),
              Oscillator{character_.ppm, character_.wander, plan_.seed}),
      reading_(plan_.seed, readings, 0) {
  for (const auto& fault : plan_.faults)
    series_[static_cast<std::size_t>(fault.kind)].faults.push_back(fault);
  queue_.reserve(64);
  // The kernel's count may be about to wrap.
  sequence_ = plan_.seed % 4 == 0 ? 0xffff'ff00 : plan_.seed % 5000;
}

const Fault* Life::active(FaultKind kind, SinceStart when) {
  auto& series = series_[static_cast<std::size_t>(kind)];
  const auto& faults = series.faults;
  // What ended two seconds ago is not asked about again.
  while (series.done < faults.size() && faults[series.done].until + 2s < when) ++series.done;
  for (auto i = series.done; i < faults.size() && faults[i].from <= when; ++i)
    if (when < faults[i].until) return &faults[i];
  return nullptr;
}

void Life::push(SinceStart when, decltype(Item::what) what) {
  // Behind all that comes no later: the queue is short, and what is new is mostly the latest.
  auto place = queue_.begin();
  while (place != queue_.end() && place->when > when) ++place;
  queue_.insert(place, Item{when, what});
}

std::optional<Happening> Life::next() {
  while (true) {
    // Nothing of a second comes before it begins.
    while (planned_ < plan_.length && (queue_.empty() || queue_.back().when >= planned_ * 1s))
      plan_second();
    if (queue_.empty()) return std::nullopt;
    const auto item = queue_.back();
    queue_.pop_back();
    clocks_.advance(item.when);
    if (const auto* edge = std::get_if<EdgeComes>(&item.what)) {
      come(*edge, item.when);
    } else if (const auto* burst = std::get_if<BurstComes>(&item.what)) {
      come(*burst, item.when);
    } else if (auto happening = deliver(item)) {
      return happening;
    }
  }
}

void Life::plan_second() {
  const auto number = planned_++;
  const SinceStart second = number * 1s;
  Random pulse{plan_.seed, edges, number};
  plan_edges(second, pulse);
  Random speech{plan_.seed, sentences, number};
  plan_sentences(second, speech);
  push(second + 550ms, TickComes{});
  plan_instants(second);
}

/// GPSD and the PPS source are lost, and counts begin again, within this second.
void Life::plan_instants(SinceStart second) {
  for (const auto kind : {FaultKind::gpsd_lost, FaultKind::pps_lost, FaultKind::sequence_restart}) {
    const auto& series = series_[static_cast<std::size_t>(kind)];
    for (auto i = series.done; i < series.faults.size(); ++i) {
      const auto& fault = series.faults[i];
      if (fault.from >= second + 1s) break;
      if (fault.from < second) continue;
      if (kind == FaultKind::gpsd_lost) push(fault.from, GpsdGone{});
      if (kind == FaultKind::pps_lost) push(fault.from, PpsGone{});
      if (kind != FaultKind::gpsd_lost)
        sequence_ = static_cast<std::uint64_t>(fault.from.count() % 7);
    }
    // Instants end when they begin: let them be passed over.
    static_cast<void>(active(kind, second));
  }
}

void Life::plan_edges(SinceStart second, Random& random) {
  const auto number = second / 1s;
  auto late = interrupt_lateness(character_.interrupt, number, random);
  if (const auto* fault = active(FaultKind::late_interrupts, second); fault && random.chance(0.3))
    late += span(random.uniform(0, fault->amount));
  const auto* rate = active(FaultKind::pulse_rate, second);
  const bool absent = active(FaultKind::no_pulse, second) != nullptr ||
                      (rate && rate->amount < 1 && number % 2 == 1);
  if (!absent) {
    const auto* other = active(FaultKind::other_edge, second);
    plan_edge(second + late + (other ? span(other->amount) : 0ns), other ? -1 : number, random);
    for (int i = 1; rate && i < static_cast<int>(rate->amount); ++i)
      plan_edge(second + late + span(i / rate->amount), -1, random);
  }
  Random extra{plan_.seed, extra_edges, number};
  plan_glitches(second, extra);
}

void Life::plan_glitches(SinceStart second, Random& random) {
  if (const auto* glitches = active(FaultKind::glitches, second)) {
    auto t = random.exponential(1 / glitches->amount);
    while (t < 1) {
      plan_edge(second + span(t), -1, random);
      t += random.exponential(1 / glitches->amount);
    }
  }
  if (const auto* hum = active(FaultKind::hum, second))
    for (int i = 0; i < static_cast<int>(hum->amount); ++i)
      plan_edge(second + span((i + 0.5) / hum->amount + 100e-6 * random.uniform()), -1, random);
}

void Life::plan_edge(SinceStart when, std::int64_t second, Random& random) {
  const auto* missed = active(FaultKind::missed_edges, when);
  const auto* repeated = active(FaultKind::repeated_edges, when);
  const bool passed_over =
      active(FaultKind::pps_lost, when) != nullptr || (missed && random.chance(missed->amount));
  // Numbered when it comes; the kernel counts in 32 bits.
  if (passed_over) {
    ++sequence_;
    return;
  }
  const bool twice = repeated && random.chance(repeated->amount);
  push(when, EdgeComes{0, second, twice});
}

void Life::come(const EdgeComes& edge, SinceStart now) {
  EdgeWaits waits{};
  waits.seen.stamp = SystemTime{clocks_.system(now)};
  waits.seen.sequence = ++sequence_ & 0xffff'ffff;
  waits.seen.second = edge.second;
  waits.when = now;
  waits.stepped = clocks_.stepped(now);
  const bool tail = reading_.chance(0.001);
  const auto handover = span(30e-6 + reading_.exponential(tail ? 5e-3 : 50e-6));
  push(now + handover, waits);
  if (edge.twice) push(now + handover + 10ms, waits);
}

void Life::plan_sentences(SinceStart second, Random& random) {
  const auto number = second / 1s;
  auto latency = sentence_latency(character_.sentence, number, random);
  if (const auto* slow = active(FaultKind::slow_sentences, second))
    latency = span(random.uniform(0.05, slow->amount));
  if (const auto* tardy = active(FaultKind::tardy_sentences, second);
      tardy && random.chance(tardy->amount))
    latency += 2s;
  if (const auto* late = active(FaultKind::late_sentences, second)) latency += span(late->amount);
  auto length = character_.burst;
  // One burst after another. What is held comes in one go.
  auto start = std::max(second + latency, line_free_ + 2ms);
  if (const auto* stall = active(FaultKind::stalled_sentences, start)) {
    start = std::max(stall->until, line_free_ + 2ms);
    length = 4ms;
  }
  line_free_ = start + length;
  if (active(FaultKind::silent_receiver, second) == nullptr)
    push(start, BurstComes{false, number, length});
  if (active(FaultKind::several_receivers, second) != nullptr)
    push(second + span(random.uniform(0.05, 0.9)), BurstComes{true, number, 20ms});
}

void Life::come(const BurstComes& burst, SinceStart now) {
  const SinceStart second = burst.second * 1s;
  if (active(FaultKind::gpsd_lost, now) != nullptr) {
    gpsd_is_new_ = true;
    return;
  }
  Random random{plan_.seed, sentences + 64, burst.second * 2 + (burst.other_device ? 1 : 0)};
  auto label = character_.utc(burst.second);
  const auto shift = [&](FaultKind kind, double unit) {
    const auto* fault = active(kind, second);
    return seconds{fault ? static_cast<std::int64_t>(fault->amount * unit) : 0};
  };
  if (!burst.other_device) {
    label += shift(FaultKind::wrong_week, 1024.0 * 604'800);
    label += shift(FaultKind::wrong_second, 1);
  } else if (character_.named_device) {
    label += shift(FaultKind::several_receivers, 1);
  }
  const auto garbled = shift(FaultKind::garbled_date, 1);
  const auto* flapping = active(FaultKind::flapping_fix, second);
  const bool fix = active(FaultKind::no_fix, second) == nullptr &&
                   !(flapping && (burst.second / static_cast<int>(flapping->amount)) % 2 == 1);
  const auto missing = [&](FaultKind kind) {
    const auto* fault = active(kind, second);
    return fault && random.chance(fault->amount);
  };

  // gpsd wakes within a millisecond or so, and tells what it has read.
  const auto woken = now + span(random.exponential(400e-6));
  const SystemTime clock{clocks_.system(woken)};
  if (fix && !missing(FaultKind::no_toff) && !gpsd_is_new_)
    push(woken + span(random.uniform(0.2e-3, 5e-3)),
         TimeTold{burst.other_device, {label + std::max(garbled, 0s), 0ns}, clock});
  FixTold told{burst.other_device, fix ? 3 : 1, std::nullopt};
  // A gpsd that has just started has a fix before it has a time.
  if (fix && !gpsd_is_new_) told.time = UtcInstant{label + std::min(garbled, 0s), 0ns};
  gpsd_is_new_ = false;
  if (!missing(FaultKind::no_tpv))
    push(woken + burst.length + span(random.uniform(5.1e-3, 10e-3)), told);
}

std::optional<Happening> Life::deliver(const Item& item) {
  const bool gpsds =
      std::holds_alternative<TimeTold>(item.what) || std::holds_alternative<FixTold>(item.what);
  if (gpsds && active(FaultKind::gpsd_lost, item.when) != nullptr) return std::nullopt;
  const bool tick = std::holds_alternative<TickComes>(item.what);
  if (const auto* stall = active(FaultKind::stalled_loop, item.when)) {
    if (!tick) push(stall->until, item.what);
    return std::nullopt;
  }
  const auto now = std::max(item.when, loop_free_);
  Happening happening;
  read_clocks(now, happening);
  if (const auto* edge = std::get_if<EdgeWaits>(&item.what)) {
    auto seen = edge->seen;
    const auto step = clocks_.stepped(now) - edge->stepped;
    seen.true_offset = utc_at(edge->when) - seen.stamp.time_since_epoch() - step;
    happening.what = seen;
  } else if (const auto* time = std::get_if<TimeTold>(&item.what)) {
    happening.what = *time;
  } else if (const auto* fix = std::get_if<FixTold>(&item.what)) {
    happening.what = *fix;
  } else if (tick) {
    happening.what = kernel_status(now);
  } else if (std::holds_alternative<GpsdGone>(item.what)) {
    happening.what = GpsdGone{};
  } else {
    happening.what = PpsGone{};
  }
  return happening;
}

/// As the daemon does: the system and the raw clock between two readings of the monotonic one. A
/// preemption before, between or after them shows.
void Life::read_clocks(SinceStart now, Happening& happening) {
  const auto* preempted = active(FaultKind::preempted, now);
  std::array<nanoseconds, 4> at{now, now + 60ns, now + 120ns, now + 180ns};
  if (reading_.chance(preempted ? preempted->amount : 1e-5)) {
    const auto pause = span(reading_.uniform(0, 0.03));
    const auto first = static_cast<std::size_t>(reading_.below(3)) + 1;
    for (auto i = first; i < at.size(); ++i) at[i] += pause;
  }
  happening.system = SystemTime{clocks_.system(at[1])};
  if (character_.raw) happening.raw = RawTime{clocks_.raw(at[2])};
  const auto before = clocks_.monotonic(at[0]);
  happening.monotonic = MonotonicTime{before + (clocks_.monotonic(at[3]) - before) / 2};
  loop_free_ = at[3] + 2us;
}

/// Honest: what the kernel calls synchronised is right within maxerror. Steps and slews end it.
KernelTold Life::kernel_status(SinceStart now) const {
  const auto error = std::chrono::abs(clocks_.system(now) - utc_at(now));
  if (!character_.witness || error > 20ms || clocks_.slewing(now)) return {false, 16s};
  return {true, error + 5ms};
}

nanoseconds Life::utc_at(SinceStart when) const {
  const auto leap = character_.leap_at;
  const bool after_leap = leap >= 0 && when >= (leap + 1) * 1s;
  return nanoseconds{character_.start.time_since_epoch()} + when - (after_leap ? 1s : 0s);
}

}  // namespace ntsbox::scenarios
