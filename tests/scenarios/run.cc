#include "tests/scenarios/run.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/scenarios/models.h"

namespace ntsbox::scenarios {
namespace {

/// Streams of random numbers, one for each purpose.
enum Purpose : std::uint64_t { edges = 16, messages, extra_edges, readings };

constexpr std::string_view other_device = "/dev/ttyUSB0";

ClockOptions clock_options(const Scenario& scenario, const Parameters& parameters) {
  ClockOptions options;
  options.system_at_start =
      nanoseconds{parameters.start.time_since_epoch()} + parameters.clock_error;
  options.disciplined = parameters.disciplined;
  options.phase = parameters.phase;
  for (const auto& fault : scenario.faults) {
    if (fault.kind == FaultKind::clock_step)
      options.steps.push_back({fault.from, span(fault.amount)});
    if (fault.kind == FaultKind::slew)
      options.slews.push_back({fault.from, fault.until, fault.amount});
  }
  return options;
}

}  // namespace

Run::Run(Scenario scenario)
    : scenario_(std::move(scenario)),
      parameters_(parameters_of(scenario_.seed)),
      clocks_(clock_options(scenario_, parameters_),
              Oscillator{parameters_.ppm, parameters_.wander, scenario_.seed}),
      reading_(scenario_.seed, readings, 0) {
  for (const auto& fault : scenario_.faults)
    series_[static_cast<std::size_t>(fault.kind)].faults.push_back(fault);
  queue_.reserve(64);
  // The kernel's count may be about to wrap.
  sequence_ = scenario_.seed % 4 == 0 ? 0xffff'ff00 : scenario_.seed % 5000;
}

const InjectedFault* Run::active(FaultKind kind, SinceStart when) {
  auto& series = series_[static_cast<std::size_t>(kind)];
  const auto& faults = series.faults;
  // Nobody asks about a fault that ended two seconds ago.
  while (series.done < faults.size() && faults[series.done].until + 2s < when) ++series.done;
  for (auto i = series.done; i < faults.size() && faults[i].from <= when; ++i)
    if (when < faults[i].until) return &faults[i];
  return nullptr;
}

void Run::push(SinceStart when, decltype(Item::what) what) {
  // Behind all items that are no later: the queue is short, and a new item is mostly the latest.
  auto place = queue_.begin();
  while (place != queue_.end() && place->when > when) ++place;
  queue_.insert(place, Item{when, what});
}

std::optional<SimulatedEvent> Run::next() {
  while (true) {
    // No item of a second precedes it.
    while (planned_ < scenario_.length && (queue_.empty() || queue_.back().when >= planned_ * 1s))
      plan_second();
    if (queue_.empty()) return std::nullopt;
    const auto item = queue_.back();
    queue_.pop_back();
    clocks_.advance(item.when);
    if (const auto* edge = std::get_if<EdgeComes>(&item.what)) {
      stamp(*edge, item.when);
    } else if (const auto* burst = std::get_if<BurstComes>(&item.what)) {
      send(*burst, item.when);
    } else if (auto event = deliver(item)) {
      return event;
    }
  }
}

void Run::plan_second() {
  const auto number = planned_++;
  const SinceStart second = number * 1s;
  Random pulse{scenario_.seed, edges, number};
  plan_edges(second, pulse);
  Random burst{scenario_.seed, messages, number};
  plan_messages(second, burst);
  push(second + 550ms, driver::Tick{});
  plan_instants(second);
}

/// The losses of gpsd and of the PPS source, and the restarts of the count, of this second.
void Run::plan_instants(SinceStart second) {
  for (const auto kind : {FaultKind::gpsd_lost, FaultKind::pps_lost, FaultKind::sequence_restart}) {
    const auto& series = series_[static_cast<std::size_t>(kind)];
    for (auto i = series.done; i < series.faults.size(); ++i) {
      const auto& fault = series.faults[i];
      if (fault.from >= second + 1s) break;
      if (fault.from < second) continue;
      if (kind == FaultKind::gpsd_lost) push(fault.from, driver::GpsdLost{});
      if (kind == FaultKind::pps_lost) push(fault.from, driver::PpsLost{});
      if (kind != FaultKind::gpsd_lost)
        sequence_ = static_cast<std::uint64_t>(fault.from.count() % 7);
    }
    // Instants end when they begin: skip them.
    static_cast<void>(active(kind, second));
  }
}

void Run::plan_edges(SinceStart second, Random& random) {
  const auto number = second / 1s;
  auto late = interrupt_lateness(parameters_.interrupt, number, random);
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
  Random extra{scenario_.seed, extra_edges, number};
  plan_glitches(second, extra);
}

void Run::plan_glitches(SinceStart second, Random& random) {
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

void Run::plan_edge(SinceStart when, std::int64_t second, Random& random) {
  const auto* missed = active(FaultKind::missed_edges, when);
  const auto* repeated = active(FaultKind::repeated_edges, when);
  const bool passed_over =
      active(FaultKind::pps_lost, when) != nullptr || (missed && random.chance(missed->amount));
  if (passed_over) {
    ++sequence_;
    return;
  }
  const bool twice = repeated && random.chance(repeated->amount);
  push(when, EdgeComes{second, twice});
}

void Run::stamp(const EdgeComes& edge, SinceStart now) {
  const driver::Pulse pulse{SystemTime{clocks_.system(now)}, ++sequence_ & 0xffff'ffff};
  const EdgeWaits waits{pulse, edge.second, now, clocks_.stepped(now)};
  const bool tail = reading_.chance(0.001);
  const auto handover = span(30e-6 + reading_.exponential(tail ? 5e-3 : 50e-6));
  push(now + handover, waits);
  if (edge.twice) push(now + handover + 10ms, waits);
}

void Run::plan_messages(SinceStart second, Random& random) {
  const auto number = second / 1s;
  auto latency = message_delay(parameters_.delay, number, random);
  if (const auto* slow = active(FaultKind::slow_sentences, second))
    latency = span(random.uniform(0.05, slow->amount));
  if (const auto* tardy = active(FaultKind::tardy_sentences, second);
      tardy && random.chance(tardy->amount))
    latency += 2s;
  if (const auto* late = active(FaultKind::late_sentences, second)) latency += span(late->amount);
  auto length = parameters_.burst;
  // One burst after another. A stalled burst comes at once.
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

void Run::send(const BurstComes& burst, SinceStart now) {
  const SinceStart second = burst.second * 1s;
  if (active(FaultKind::gpsd_lost, now) != nullptr) {
    gpsd_is_new_ = true;
    return;
  }
  Random random{scenario_.seed, messages + 64, burst.second * 2 + (burst.other_device ? 1 : 0)};
  auto label = parameters_.utc(burst.second);
  const auto shift = [&](FaultKind kind, double unit) {
    const auto* fault = active(kind, second);
    return seconds{fault ? static_cast<std::int64_t>(fault->amount * unit) : 0};
  };
  if (!burst.other_device) {
    label += shift(FaultKind::wrong_week, 1024.0 * 604'800);
    label += shift(FaultKind::wrong_second, 1);
  } else if (parameters_.device_is_set) {
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

  const auto device = burst.other_device ? other_device : receiver_device;
  // gpsd wakes within a millisecond or so, and reports what it has read.
  const auto woken = now + span(random.exponential(400e-6));
  const SystemTime clock{clocks_.system(woken)};
  if (fix && !missing(FaultKind::no_toff) && !gpsd_is_new_)
    push(woken + span(random.uniform(0.2e-3, 5e-3)),
         driver::TimeReport{device, {label + std::max(garbled, 0s), 0ns}, clock});
  driver::FixReport report{device, fix ? 3 : 1, 0, std::nullopt};
  // A gpsd that has just started has a fix before it has a time.
  if (fix && !gpsd_is_new_) report.time = UtcInstant{label + std::min(garbled, 0s), 0ns};
  gpsd_is_new_ = false;
  if (!missing(FaultKind::no_tpv))
    push(woken + burst.length + span(random.uniform(5.1e-3, 10e-3)), report);
}

std::optional<SimulatedEvent> Run::deliver(const Item& item) {
  const bool from_gpsd = std::holds_alternative<driver::TimeReport>(item.what) ||
                         std::holds_alternative<driver::FixReport>(item.what);
  if (from_gpsd && active(FaultKind::gpsd_lost, item.when) != nullptr) return std::nullopt;
  if (const auto* stall = active(FaultKind::stalled_loop, item.when)) {
    if (!std::holds_alternative<driver::Tick>(item.what)) push(stall->until, item.what);
    return std::nullopt;
  }
  return event_of(item, std::max(item.when, loop_free_));
}

SimulatedEvent Run::event_of(const Item& item, SinceStart now) {
  SimulatedEvent made{{read_clocks(now), driver::PpsLost{}}, std::nullopt};
  auto& what = made.event.what;
  if (const auto* edge = std::get_if<EdgeWaits>(&item.what)) {
    what = edge->pulse;
    const auto step = clocks_.stepped(now) - edge->stepped;
    made.edge = {edge->second, utc_at(edge->when) - edge->pulse.stamp.time_since_epoch() - step,
                 edge->second >= 0 && edge->second == parameters_.leap_at};
  } else if (const auto* time = std::get_if<driver::TimeReport>(&item.what)) {
    what = driver::GpsdReport{*time};
  } else if (const auto* fix = std::get_if<driver::FixReport>(&item.what)) {
    what = driver::GpsdReport{*fix};
  } else if (std::holds_alternative<driver::Tick>(item.what)) {
    what = driver::Tick{kernel_status(now)};
  } else if (std::holds_alternative<driver::GpsdLost>(item.what)) {
    what = driver::GpsdLost{};
  }
  return made;
}

/// As the daemon does: the system and the raw clock between two readings of the monotonic one. A
/// preemption before, between or after them shows.
ClockReading Run::read_clocks(SinceStart now) {
  const auto* preempted = active(FaultKind::preempted, now);
  std::array<nanoseconds, 4> at{now, now + 60ns, now + 120ns, now + 180ns};
  if (reading_.chance(preempted ? preempted->amount : 1e-5)) {
    const auto pause = span(reading_.uniform(0, 0.03));
    const auto first = static_cast<std::size_t>(reading_.below(3)) + 1;
    for (auto i = first; i < at.size(); ++i) at[i] += pause;
  }
  ClockReading reading{SystemTime{clocks_.system(at[1])}, {}, std::nullopt};
  if (parameters_.raw) reading.raw = RawTime{clocks_.raw(at[2])};
  const auto before = clocks_.monotonic(at[0]);
  reading.monotonic = MonotonicTime{before + (clocks_.monotonic(at[3]) - before) / 2};
  loop_free_ = at[3] + 2us;
  return reading;
}

/// A synchronised clock is right within maxerror. Steps and slews end it.
ClockStatus Run::kernel_status(SinceStart now) const {
  const auto error = std::chrono::abs(clocks_.system(now) - utc_at(now));
  if (!parameters_.witness || error > 20ms || clocks_.slewing(now)) return {false, 16s};
  return {true, error + 5ms};
}

nanoseconds Run::utc_at(SinceStart when) const {
  const auto leap = parameters_.leap_at;
  const bool after_leap = leap >= 0 && when >= (leap + 1) * 1s;
  return nanoseconds{parameters_.start.time_since_epoch()} + when - (after_leap ? 1s : 0s);
}

}  // namespace ntsbox::scenarios
