#include "tests/endurance/trial.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ntsbox::endurance {
namespace {

using driver::Event;
using scenarios::FaultKind;

constexpr std::string_view ours = "/dev/ttyAMA0";
constexpr std::string_view another = "/dev/ttyUSB0";

constexpr nanoseconds most_off = 1ms;
constexpr nanoseconds half_a_second = 500ms;

constexpr nanoseconds calm = 15s;
constexpr nanoseconds after_contradiction = 75s;  // sixty agreements, and calm
constexpr nanoseconds after_moved_pulse = 615s;   // six hundred of them
constexpr nanoseconds after_huge_offset = 30s;    // twenty agreements
constexpr nanoseconds aftermath = 120s;  // in which a wrong sample is laid at a fault's door

struct Translate {
  driver::Reading at;

  Event operator()(const scenarios::EdgeSeen& edge) const {
    return {at, driver::Pulse{edge.stamp, edge.sequence}};
  }

  Event operator()(const scenarios::TimeTold& told) const {
    return {at, driver::GpsdReport{
                    driver::TimeReport{told.other_device ? another : ours, told.real, told.clock}}};
  }

  Event operator()(const scenarios::FixTold& told) const {
    return {at, driver::GpsdReport{driver::FixReport{told.other_device ? another : ours, told.mode,
                                                     0, told.time}}};
  }

  Event operator()(const scenarios::KernelTold& told) const {
    return {at, driver::Tick{ClockStatus{told.synchronised, told.maxerror}}};
  }

  Event operator()(const scenarios::GpsdGone&) const { return {at, driver::GpsdLost{}}; }

  Event operator()(const scenarios::PpsGone&) const { return {at, driver::PpsLost{}}; }
};

void blame(Tally& tally, const scenarios::LifePlan& plan, nanoseconds when, bool wrong) {
  for (const auto& fault : plan.faults) {
    if (fault.from > when || fault.until + aftermath < when) continue;
    auto& found = tally.classes[static_cast<std::size_t>(fault.kind)];
    ++(wrong ? found.wrong : found.off);
  }
}

/// Edges elsewhere than on the beat: nothing alone, but a comb that has lost its beats may follow
/// them.
bool misleads(FaultKind kind) {
  return kind == FaultKind::pulse_rate || kind == FaultKind::glitches || kind == FaultKind::hum ||
         kind == FaultKind::late_interrupts;
}

/// Whether another fault is at work, or has just been or will be.
bool in_company(const scenarios::LifePlan& plan, const scenarios::Fault& fault) {
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const scenarios::Fault& other) {
    return &other != &fault && other.from <= fault.until + calm && other.until >= fault.from - calm;
  });
}

/// How long after a fault a bridge may still be silent. Without the raw clock a slew looks like a
/// pulse that has moved.
nanoseconds grace(const scenarios::LifePlan& plan, const scenarios::Fault& fault,
                  const scenarios::Character& character) {
  const bool moves = fault.kind == FaultKind::other_edge ||
                     (fault.kind == FaultKind::slew && !character.raw) ||
                     (misleads(fault.kind) && in_company(plan, fault));
  if (moves) return after_moved_pulse;
  return scenarios::contradicts(fault.kind) ? after_contradiction : calm;
}

/// What became of a second's pulse; empty when none was seen.
using Fate = std::optional<driver::Verdict>;

bool served(const Fate& fate) {
  return fate && std::holds_alternative<driver::Sample>(*fate);
}

std::size_t index(FaultKind kind) {
  return static_cast<std::size_t>(kind);
}

void sum_up(Trial& trial, const scenarios::LifePlan& plan, const scenarios::Character& character,
            const std::vector<Fate>& fates) {
  auto& tally = trial.tally;
  const auto healthy = healthy_seconds(plan, character);
  tally.seconds = fates.size();
  auto next_fault = plan.faults.begin();
  for (std::size_t s = 0; s < fates.size(); ++s) {
    while (next_fault != plan.faults.end() && next_fault->from <= static_cast<int>(s) * 1s)
      ++next_fault;
    if (served(fates[s])) ++tally.served;
    if (!healthy[s]) continue;
    ++tally.healthy;
    if (served(fates[s])) {
      ++tally.healthy_served;
      continue;
    }
    trial.lost.push_back(static_cast<std::int64_t>(s));
    if (fates[s]) ++tally.lost[static_cast<std::size_t>(std::get<driver::Reason>(*fates[s]))];
    if (next_fault != plan.faults.begin()) ++tally.classes[index(std::prev(next_fault)->kind)].lost;
  }
  for (const auto& fault : plan.faults) {
    auto& found = tally.classes[index(fault.kind)];
    ++found.stretches;
    const auto until = std::min(std::chrono::ceil<seconds>(fault.until).count(), plan.length);
    for (auto s = std::chrono::ceil<seconds>(fault.from).count(); s < until; ++s) {
      ++found.seconds;
      if (served(fates[static_cast<std::size_t>(s)])) ++found.served;
    }
  }
}

}  // namespace

void Tally::add(const Tally& other) {
  for (const auto member :
       {&Tally::events, &Tally::pulses, &Tally::samples, &Tally::wrong, &Tally::off,
        &Tally::seconds, &Tally::served, &Tally::healthy, &Tally::healthy_served})
    this->*member += other.*member;
  for (std::size_t i = 0; i < lost.size(); ++i) lost[i] += other.lost[i];
  for (std::size_t i = 0; i < classes.size(); ++i)
    for (const auto member : {&OfClass::stretches, &OfClass::seconds, &OfClass::served,
                              &OfClass::wrong, &OfClass::off, &OfClass::lost})
      classes[i].*member += other.classes[i].*member;
}

Event event_of(const scenarios::Happening& happening) {
  return std::visit(Translate{{happening.system, happening.monotonic, happening.raw}},
                    happening.what);
}

driver::BridgeOptions options_of(const scenarios::Character& character) {
  driver::BridgeOptions options;
  options.floor = scenarios::earliest_start;
  options.witness = true;
  options.device = character.named_device ? ours : "";
  return options;
}

Trial live(const scenarios::LifePlan& plan, const Onlooker& onlooker) {
  scenarios::Life life{plan};
  driver::Bridge bridge{options_of(life.character())};
  std::vector<Fate> fates(static_cast<std::size_t>(plan.length));
  Trial trial;
  auto& tally = trial.tally;
  while (const auto happening = life.next()) {
    const auto event = event_of(*happening);
    const auto step = bridge.step(event);
    if (onlooker) onlooker(event, step);
    ++tally.events;
    const auto* edge = std::get_if<scenarios::EdgeSeen>(&happening->what);
    if (!edge) continue;
    ++tally.pulses;
    if (edge->second >= 0 && !served(fates[static_cast<std::size_t>(edge->second)]))
      fates[static_cast<std::size_t>(edge->second)] = step.verdict;
    const auto* sample = std::get_if<driver::Sample>(&*step.verdict);
    if (!sample) continue;
    ++tally.samples;
    const auto error = minus(sample->sent_offset(), edge->true_offset);
    const bool leap = edge->second >= 0 && edge->second == life.character().leap_at;
    if (leap || std::chrono::abs(error) > most_off) {
      const bool wrong = leap || std::chrono::abs(error) >= half_a_second;
      ++(wrong ? tally.wrong : tally.off);
      const auto since_start = edge->stamp.time_since_epoch() + edge->true_offset -
                               nanoseconds{life.character().start.time_since_epoch()};
      blame(tally, plan, since_start, wrong);
      if (!trial.first_violation) trial.first_violation = Violation{since_start / 1s, error};
    }
  }
  sum_up(trial, plan, life.character(), fates);
  return trial;
}

std::vector<bool> healthy_seconds(const scenarios::LifePlan& plan,
                                  const scenarios::Character& character) {
  std::vector<bool> healthy(static_cast<std::size_t>(plan.length));
  nanoseconds quiet = character.clock_error < -1h ? after_huge_offset : calm;
  auto fault = plan.faults.begin();
  for (std::int64_t s = 0; s < plan.length; ++s) {
    // What begins while the pulse is on its way is at work too.
    for (; fault != plan.faults.end() && fault->from <= s * 1s + 50ms; ++fault)
      quiet = std::max(quiet, fault->until + grace(plan, *fault, character));
    if (character.leap_at >= 0 && s == character.leap_at - 1)
      quiet = std::max(quiet, (s + 3) * 1s + calm);
    healthy[static_cast<std::size_t>(s)] = s * 1s > quiet;
  }
  return healthy;
}

scenarios::LifePlan shrink(
    scenarios::LifePlan plan,
    const std::function<std::optional<Violation>(const scenarios::LifePlan&)>& fails) {
  const auto violation = fails(plan);
  if (!violation) return plan;
  // Half of the faults at once, then fewer, as long as it still fails.
  for (auto chunk = plan.faults.size(); chunk > 0; chunk /= 2) {
    for (std::size_t at = 0; at < plan.faults.size();) {
      auto smaller = plan;
      const auto first = smaller.faults.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = std::min(chunk, smaller.faults.size() - at);
      smaller.faults.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (fails(smaller))
        plan = std::move(smaller);
      else
        at += chunk;
    }
  }
  return plan;
}

}  // namespace ntsbox::endurance
