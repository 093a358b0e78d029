#include "provision/io/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "provision/io/generations.h"

namespace ntsbox::provision {
namespace {

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

constexpr int not_found = 127;  // status of Ran for a program that could not be run

/// What was there before ntsbox at the paths that the plan no longer names.
Result<Machine> originals_of(System& system, const Plan& plan, const Manifest& owned,
                             const std::vector<Transaction>& transactions) {
  Machine originals;
  for (const auto& path : no_longer_wanted(plan, owned)) {
    const auto& known = owned.at(path);
    for (const auto& transaction : transactions) {
      if (transaction.generation != known.generation) continue;
      TRY(auto entry, original(system, transaction, known.index));
      originals.emplace(path, std::move(entry));
    }
  }
  return originals;
}

std::string in_words(const Change& change) {
  if (!change.after) return "removing " + change.path;
  return fmt::format("{} {}", change.before ? "changing" : "making", change.path);
}

/// The validation's command must accept the staged content before anything is placed.
Result<void> validate(const Run& run, const Validation& validation, const Entry& entry) {
  const auto staged = staged_name(validation.path);
  TRY(run.system.put(staged, entry));
  auto command = validation.command;
  std::replace(command.begin(), command.end(), std::string{"{}"}, staged);
  const auto answer = run.system.run(command);
  TRY(run.system.remove(staged));
  TRY(const auto ran, answer);
  if (ran.status == not_found && !run.live) {
    run.log(fmt::format("{}: not checked, since {} cannot be run here", validation.path,
                        validation.command.front()));
    return {};
  }
  if (ran.status == 0) return {};
  return fail(fmt::format("{}: {} does not accept it:\n{}", validation.path,
                          validation.command.front(), ran.output));
}

bool has_validation(const Plan& plan, const Change& change) {
  return change.after &&
         std::any_of(plan.validations.begin(), plan.validations.end(),
                     [&](const Validation& each) { return each.path == change.path; });
}

Result<void> validate_change(const Run& run, const Plan& plan, const Change& change) {
  for (const auto& validation : plan.validations)
    if (change.path == validation.path) TRY(validate(run, validation, *change.after));
  return {};
}

/// Before anything is placed; but a file whose folder is yet to be made has no place to be read in.
/// Gives the paths of those.
Result<std::set<std::string>> validate_all(const Run& run, const Plan& plan,
                                           const std::vector<Change>& changes) {
  std::set<std::string> later;
  for (const auto& change : changes) {
    if (!has_validation(plan, change)) continue;
    TRY(const auto folder, run.system.look(change.path.substr(0, change.path.rfind('/'))));
    if (!folder)
      later.insert(change.path);
    else
      TRY(validate_change(run, plan, change));
  }
  return later;
}

Result<void> carry_out(const Run& run, const Change& change) {
  run.log(in_words(change));
  if (change.after) return run.system.put(change.path, *change.after);
  if (change.before && change.before->kind == Entry::Kind::folder) {
    const auto names = run.system.list(change.path);
    if (names && !names->empty()) return {};  // it holds somebody else's files: it stays
  }
  return run.system.remove(change.path);
}

Result<void> carry_out_all(const Run& run, const Plan& plan, const Transaction& transaction,
                           const std::vector<Change>& changes) {
  TRY(const auto later, validate_all(run, plan, changes));
  for (const auto& change : changes) {
    if (run.stop()) return fail("interrupted");
    if (later.count(change.path) > 0) TRY(validate_change(run, plan, change));
    TRY(carry_out(run, change));
  }
  if (run.live) {
    TRY(act_on_units(run, actions_for(plan, changes), changes));
  }
  if (run.stop()) return fail("interrupted");
  return finish(run.system, transaction);
}

Transaction transaction_of(const Run& run, const std::vector<Change>& changes,
                           const std::string& scope, int generation) {
  Transaction transaction;
  transaction.generation = generation;
  transaction.scope = scope;
  transaction.version = run.version;
  transaction.begun = run.now;
  transaction.packages = run.packages;
  for (const auto& change : changes)
    transaction.steps.push_back(
        {change.path, trace_of(change.before), trace_of(change.after), change.secret, change.why});
  return transaction;
}

/// What a cut may have left beside a file.
Result<void> clean_beside(System& system, const std::string& path) {
  const auto staged = staged_name(path);
  for (const auto& name : {temporary_name(path), temporary_name(staged), staged})
    TRY(system.remove(name));
  return {};
}

Result<void> restore(System& system, const Transaction& transaction, std::size_t index,
                     RollbackResult& undone) {
  const auto& path = transaction.steps[index].path;
  TRY(const auto before, original(system, transaction, index));
  if (before) return system.put(path, *before);
  TRY(const auto names,
      transaction.steps[index].after&& transaction.steps[index].after->kind == Entry::Kind::folder
          ? system.list(path)
          : Result<std::vector<std::string>>{});
  if (names.empty()) return system.remove(path);
  undone.kept.push_back(path);
  return {};
}

/// An edited file stays; what was there before ntsbox must not be lost either.
Result<void> leave(System& system, const Transaction& transaction, std::size_t index,
                   RollbackResult& undone) {
  const auto& path = transaction.steps[index].path;
  undone.edited.push_back(path);
  TRY(const auto before, original(system, transaction, index));
  return before ? system.put(original_name(path), *before) : Result<void>{};
}

Result<void> undo_step(const Run& run, const Transaction& transaction, std::size_t index,
                       RollbackResult& undone) {
  const auto& step = transaction.steps[index];
  TRY(clean_beside(run.system, step.path));
  TRY(const auto now, run.system.look(step.path));
  if (transaction.keep_keys && is_master_copy(step.path)) {
    if (now) undone.kept.push_back(step.path);
    return {};
  }
  switch (undoing(step, now)) {
    case Undoing::nothing:
      return {};
    case Undoing::restore:
      run.log((step.before ? "restoring " : "removing ") + step.path);
      return restore(run.system, transaction, index, undone);
    case Undoing::leave:
      break;
  }
  run.log("leaving " + step.path + ", which somebody edited since");
  return leave(run.system, transaction, index, undone);
}

/// Makes every path of `transaction` what it was before, its units too, and forgets the generation.
/// What somebody edited since stays, with the original beside it. When a step fails the others are
/// done all the same, and the generation stays for the next run.
Result<void> undo(const Run& run, const Transaction& transaction, RollbackResult& undone) {
  Result<void> first;
  for (auto index = transaction.steps.size(); index-- > 0;)
    if (auto done = undo_step(run, transaction, index, undone); !done && first) first = done;
  if (run.live) restore_units(run, transaction);
  TRY(first);
  TRY(forget(run.system, transaction));
  undone.packages.insert(undone.packages.end(), transaction.packages.begin(),
                         transaction.packages.end());
  undone.generations.push_back(transaction.generation);
  return {};
}

Result<void> roll_back(const Run& run, Transaction transaction, bool keep_keys,
                       RollbackResult& undone) {
  TRY(reopen(run.system, transaction, keep_keys));
  transaction.keep_keys = transaction.keep_keys || keep_keys;
  return undo(run, transaction, undone);
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
    TRY(systemctl(run, {std::string{name_of(action.verb)}, action.unit}));
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

Result<Comparison> compare_with_machine(System& system, const Plan& plan,
                                        const std::string& scope) {
  TRY(auto transactions, read_generations(system));
  const auto owned = manifest(transactions, scope);
  Machine now;
  for (const auto& path : paths_to_look_at(plan, owned)) {
    TRY(auto entry, system.look(path));
    now.emplace(path, std::move(entry));
  }
  TRY(const auto originals, originals_of(system, plan, owned, transactions));
  return compare(plan, now, owned, originals);
}

Result<ApplyResult> apply(const Run& run, const Plan& plan, const std::string& scope) {
  TRY(auto comparison, compare_with_machine(run.system, plan, scope));
  ApplyResult applied{0, std::move(comparison.changes), std::move(comparison.edited), false};
  if (applied.changes.empty()) return applied;
  TRY(const auto transactions, read_generations(run.system));
  const int generation = transactions.empty() ? 1 : transactions.back().generation + 1;
  auto transaction = transaction_of(run, applied.changes, scope, generation);
  if (run.live) transaction.units = states_of(run, actions_for(plan, applied.changes));
  if (auto begun = begin(run.system, transaction, applied.changes); !begun)
    return fail(begun.error().message + "\nnothing was changed");

  if (const auto done = carry_out_all(run, plan, transaction, applied.changes); !done) {
    run.log("failed: taking back what was changed");
    RollbackResult left;
    const auto undone = undo(run, transaction, left);
    return fail(done.error().message +
                (undone ? "\nall changes were rolled back"
                        : "\nsome changes are not rolled back yet, the next run tries again: " +
                              undone.error().message));
  }
  applied.generation = generation;
  applied.reboot = needs_reboot(plan, applied.changes);
  return applied;
}

Result<RollbackResult> recover(const Run& run) {
  TRY(const auto transactions, read_generations(run.system));
  RollbackResult undone;
  for (auto transaction = transactions.rbegin(); transaction != transactions.rend();
       ++transaction) {
    if (transaction->done) continue;
    if (!transaction->steps.empty()) run.log("an earlier run was cut short: taking it back");
    TRY(undo(run, *transaction, undone));
  }
  return undone;
}

Result<RollbackResult> roll_back(const Run& run) {
  TRY(const auto transactions, read_generations(run.system));
  RollbackResult undone;
  if (!transactions.empty()) TRY(roll_back(run, transactions.back(), false, undone));
  return undone;
}

Result<RollbackResult> roll_back_all(const Run& run, bool keep_keys) {
  TRY(const auto transactions, read_generations(run.system));
  RollbackResult undone;
  for (auto transaction = transactions.rbegin(); transaction != transactions.rend(); ++transaction)
    TRY(roll_back(run, *transaction, keep_keys, undone));
  return undone;
}

}  // namespace ntsbox::provision
