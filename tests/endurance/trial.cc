#include "tests/endurance/trial.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ntsbox::endurance {
namespace {

using scenarios::FaultKind;

constexpr nanoseconds half_a_second = 500ms;

constexpr nanoseconds calm = 15s;
constexpr nanoseconds after_contradiction = 75s;  // sixty consistent messages, and calm
constexpr nanoseconds after_moved_pulse = 615s;   // six hundred, and calm
constexpr nanoseconds after_huge_offset = 30s;    // twenty
constexpr nanoseconds aftermath = 120s;  // a wrong sample counts for a fault for so long after it

void count_violation(Tally& tally, const scenarios::Scenario& scenario, nanoseconds when,
                     bool wrong) {
  for (const auto& fault : scenario.faults) {
    if (fault.from > when || fault.until + aftermath < when) continue;
    auto& found = tally.classes[static_cast<std::size_t>(fault.kind)];
    ++(wrong ? found.wrong : found.off);
  }
}

/// Off-time edges: harmless alone, but an edge filter that has lost the phase may follow them.
bool misleads(FaultKind kind) {
  return kind == FaultKind::pulse_rate || kind == FaultKind::glitches || kind == FaultKind::hum ||
         kind == FaultKind::late_interrupts;
}

/// Whether another fault is active about the same time.
bool in_company(const scenarios::Scenario& scenario, const scenarios::InjectedFault& fault) {
  return std::any_of(scenario.faults.begin(), scenario.faults.end(),
                     [&](const scenarios::InjectedFault& other) {
                       return &other != &fault && other.from <= fault.until + calm &&
                              other.until >= fault.from - calm;
                     });
}

/// How long after a fault the bridge may send nothing. Without the raw clock a slew looks like a
/// phase jump.
nanoseconds grace(const scenarios::Scenario& scenario, const scenarios::InjectedFault& fault,
                  const scenarios::Parameters& parameters) {
  const bool moves = fault.kind == FaultKind::other_edge ||
                     (fault.kind == FaultKind::slew && !parameters.raw) ||
                     (misleads(fault.kind) && in_company(scenario, fault));
  if (moves) return after_moved_pulse;
  return scenarios::contradicts(fault.kind) ? after_contradiction : calm;
}

/// The decision about a second's pulse; empty without a pulse.
using PulseDecision = std::optional<driver::Decision>;

bool served(const PulseDecision& decision) {
  return decision && std::holds_alternative<driver::Sample>(*decision);
}

std::size_t index(FaultKind kind) {
  return static_cast<std::size_t>(kind);
}

void sum_up(Trial& trial, const scenarios::Scenario& scenario,
            const scenarios::Parameters& parameters, const std::vector<PulseDecision>& decisions) {
  auto& tally = trial.tally;
  const auto healthy = healthy_seconds(scenario, parameters);
  tally.seconds = decisions.size();
  auto next_fault = scenario.faults.begin();
  for (std::size_t s = 0; s < decisions.size(); ++s) {
    while (next_fault != scenario.faults.end() && next_fault->from <= static_cast<int>(s) * 1s)
      ++next_fault;
    if (served(decisions[s])) ++tally.served;
    if (!healthy[s]) continue;
    ++tally.healthy;
    if (served(decisions[s])) {
      ++tally.healthy_served;
      continue;
    }
    trial.lost.push_back(static_cast<std::int64_t>(s));
    if (decisions[s]) ++tally.lost[static_cast<std::size_t>(std::get<Reason>(*decisions[s]))];
    if (next_fault != scenario.faults.begin())
      ++tally.classes[index(std::prev(next_fault)->kind)].lost;
  }
  for (const auto& fault : scenario.faults) {
    auto& found = tally.classes[index(fault.kind)];
    ++found.stretches;
    const auto until = std::min(std::chrono::ceil<seconds>(fault.until).count(), scenario.length);
    for (auto s = std::chrono::ceil<seconds>(fault.from).count(); s < until; ++s) {
      ++found.seconds;
      if (served(decisions[static_cast<std::size_t>(s)])) ++found.served;
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

driver::BridgeOptions options_of(const scenarios::Parameters& parameters) {
  driver::BridgeOptions options;
  options.earliest_date = scenarios::earliest_start;
  options.witness = true;
  options.device = parameters.device_is_set ? scenarios::receiver_device : "";
  return options;
}

Trial run_bridge(const scenarios::Scenario& scenario, const Observer& observer) {
  scenarios::Run run{scenario};
  driver::Bridge bridge{options_of(run.parameters())};
  std::vector<PulseDecision> decisions(static_cast<std::size_t>(scenario.length));
  Trial trial;
  auto& tally = trial.tally;
  while (const auto next = run.next()) {
    const auto& [event, edge] = *next;
    const auto step = bridge.step(event);
    if (observer) observer(event, step);
    ++tally.events;
    if (!edge) continue;
    ++tally.pulses;
    if (edge->second >= 0 && !served(decisions[static_cast<std::size_t>(edge->second)]))
      decisions[static_cast<std::size_t>(edge->second)] = step.decision;
    const auto* sample = std::get_if<driver::Sample>(&*step.decision);
    if (!sample) continue;
    ++tally.samples;
    if (is_right(*sample, *edge)) continue;
    const auto error = error_of(*sample, *edge);
    const bool wrong = edge->leap || std::chrono::abs(error) >= half_a_second;
    ++(wrong ? tally.wrong : tally.off);
    const auto since_start = sample->stamp.time_since_epoch() + edge->true_offset -
                             nanoseconds{run.parameters().start.time_since_epoch()};
    count_violation(tally, scenario, since_start, wrong);
    if (!trial.first_violation) trial.first_violation = Violation{since_start / 1s, error};
  }
  sum_up(trial, scenario, run.parameters(), decisions);
  return trial;
}

std::vector<bool> healthy_seconds(const scenarios::Scenario& scenario,
                                  const scenarios::Parameters& parameters) {
  std::vector<bool> healthy(static_cast<std::size_t>(scenario.length));
  nanoseconds quiet = parameters.clock_error < -1h ? after_huge_offset : calm;
  auto fault = scenario.faults.begin();
  for (std::int64_t s = 0; s < scenario.length; ++s) {
    // A fault that begins while the pulse is on its way is active too.
    for (; fault != scenario.faults.end() && fault->from <= s * 1s + 50ms; ++fault)
      quiet = std::max(quiet, fault->until + grace(scenario, *fault, parameters));
    if (parameters.leap_at >= 0 && s == parameters.leap_at - 1)
      quiet = std::max(quiet, (s + 3) * 1s + calm);
    healthy[static_cast<std::size_t>(s)] = s * 1s > quiet;
  }
  return healthy;
}

scenarios::Scenario shrink(
    scenarios::Scenario scenario,
    const std::function<std::optional<Violation>(const scenarios::Scenario&)>& fails) {
  const auto violation = fails(scenario);
  if (!violation) return scenario;
  // Remove half of the faults at once, then fewer, as long as it still fails.
  for (auto chunk = scenario.faults.size(); chunk > 0; chunk /= 2) {
    for (std::size_t at = 0; at < scenario.faults.size();) {
      auto smaller = scenario;
      const auto first = smaller.faults.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = std::min(chunk, smaller.faults.size() - at);
      smaller.faults.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (fails(smaller))
        scenario = std::move(smaller);
      else
        at += chunk;
    }
  }
  return scenario;
}

}  // namespace ntsbox::endurance
