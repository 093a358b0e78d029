#include "provision/io/units.h"

#include <algorithm>
#include <string>

namespace ntsbox::provision {
namespace {

std::string verb_of(UnitAction::Verb verb) {
  switch (verb) {
    case UnitAction::Verb::start:
      return "start";
    case UnitAction::Verb::stop:
      return "stop";
    case UnitAction::Verb::reload:
      return "reload";
    case UnitAction::Verb::restart:
      break;
  }
  return "restart";
}

Result<void> systemctl(const Run& run, std::vector<std::string> words) {
  std::string told = "systemctl";
  for (const auto& word : words) told += " " + word;
  run.tell(told);
  words.insert(words.begin(), "systemctl");
  TRY(const auto ran, run.system.run(words));
  if (ran.status != 0) return fail(told + " failed:\n" + ran.output);
  return {};
}

}  // namespace

std::vector<UnitState> states_of(const Run& run, const std::vector<UnitAction>& actions) {
  std::vector<UnitState> states;
  for (const auto& action : actions) {
    const auto known = [&](const UnitState& state) { return state.unit == action.unit; };
    if (std::any_of(states.begin(), states.end(), known)) continue;
    const auto ran = run.system.run({"systemctl", "is-active", "--quiet", action.unit});
    states.push_back({action.unit, ran && ran->status == 0});
  }
  return states;
}

Result<void> act_on_units(const Run& run, const std::vector<UnitAction>& actions,
                          const std::vector<Change>& changes) {
  if (std::any_of(changes.begin(), changes.end(),
                  [](const Change& change) { return is_unit_file(change.path); }))
    TRY(systemctl(run, {"daemon-reload"}));
  for (const auto& action : actions) {
    if (run.stop()) return fail("interrupted");
    TRY(systemctl(run, {verb_of(action.verb), action.unit}));
  }
  return {};
}

void restore_units(const Run& run, const Journal& journal) {
  const auto attempt = [&](std::vector<std::string> words) {
    if (const auto done = systemctl(run, std::move(words)); !done) run.tell(done.error().message);
  };
  if (std::any_of(journal.steps.begin(), journal.steps.end(),
                  [](const Step& step) { return is_unit_file(step.path); }))
    attempt({"daemon-reload"});
  for (const auto& unit : journal.units) attempt({unit.active ? "restart" : "stop", unit.unit});
}

}  // namespace ntsbox::provision
