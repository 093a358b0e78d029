#include "provision/io/services.h"

#include <fmt/format.h>

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
  std::string describe = "systemctl";
  for (const auto& word : words) describe += " " + word;
  run.log(describe);
  words.insert(words.begin(), "systemctl");
  TRY(const auto ran, run.system.run(words));
  if (ran.status != 0) return fail(describe + " failed:\n" + ran.output);
  return {};
}

constexpr std::size_t last_words = 2000;

Result<void> apt_get(const Run& run, std::vector<std::string> words) {
  std::vector<std::string> command{"apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"};
  command.insert(command.end(), words.begin(), words.end());
  TRY(const auto ran, run.system.run(command));
  if (ran.status == 0) return {};
  const auto& output = ran.output;
  return fail(
      fmt::format("apt-get {} failed:\n{}", words.front(),
                  output.substr(output.size() > last_words ? output.size() - last_words : 0)));
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

void restore_units(const Run& run, const Transaction& transaction) {
  const auto attempt = [&](std::vector<std::string> words) {
    if (const auto done = systemctl(run, std::move(words)); !done) run.log(done.error().message);
  };
  if (std::any_of(transaction.steps.begin(), transaction.steps.end(),
                  [](const Step& step) { return is_unit_file(step.path); }))
    attempt({"daemon-reload"});
  for (const auto& unit : transaction.units) attempt({unit.active ? "restart" : "stop", unit.unit});
}

Result<void> install_packages(const Run& run, const std::vector<std::string>& packages) {
  std::vector<std::string> install{"install", "--no-install-recommends", "-o",
                                   "Dpkg::Options::=--force-confold"};
  install.insert(install.end(), packages.begin(), packages.end());
  run.log(fmt::format("installing {} (this may take minutes)", fmt::join(packages, " ")));
  if (const auto updated = apt_get(run, {"update"}); !updated)
    run.log(updated.error().message + "\ngoing on with the package lists that are there");
  return apt_get(run, std::move(install));
}

}  // namespace ntsbox::provision
