#include "provision/io/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "provision/io/history.h"
#include "provision/io/undo.h"
#include "provision/io/units.h"

namespace ntsbox::provision {
namespace {

constexpr int not_found = 127;  // what Ran says of a program that could not be run

/// What was there before us at the paths that the plan no longer speaks of.
Result<Machine> originals_of(System& system, const Plan& plan, const Manifest& ours,
                             const std::vector<Journal>& journals) {
  Machine originals;
  for (const auto& path : no_longer_wanted(plan, ours)) {
    const auto& known = ours.at(path);
    for (const auto& journal : journals) {
      if (journal.generation != known.generation) continue;
      TRY(auto entry, original(system, journal, known.index));
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
  const auto ran = run.system.run(command);
  auto gone = run.system.remove(staged);
  if (!ran) return tl::unexpected(ran.error());
  if (!gone) return gone;
  if (ran->status == not_found && !run.live) {
    run.tell(fmt::format("{}: not checked, since {} cannot be run here", validation.path,
                         validation.command.front()));
    return {};
  }
  if (ran->status == 0) return {};
  return fail(fmt::format("{}: {} does not accept it:\n{}", validation.path,
                          validation.command.front(), ran->output));
}

bool is_judged(const Plan& plan, const Change& change) {
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
    if (!is_judged(plan, change)) continue;
    TRY(const auto folder, run.system.look(change.path.substr(0, change.path.rfind('/'))));
    if (!folder)
      later.insert(change.path);
    else
      TRY(validate_change(run, plan, change));
  }
  return later;
}

Result<void> carry_out(const Run& run, const Change& change) {
  run.tell(in_words(change));
  if (change.after) return run.system.put(change.path, *change.after);
  if (change.before && change.before->kind == Entry::Kind::folder) {
    const auto names = run.system.list(change.path);
    if (names && !names->empty()) return {};  // it holds somebody else's files: it stays
  }
  return run.system.remove(change.path);
}

Result<void> carry_out_all(const Run& run, const Plan& plan, const Journal& journal,
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
  return finish(run.system, journal);
}

Journal journal_of(const Run& run, const std::vector<Change>& changes, const std::string& scope,
                   int generation) {
  Journal journal;
  journal.generation = generation;
  journal.scope = scope;
  journal.version = run.version;
  journal.begun = run.now;
  journal.packages = run.packages;
  for (const auto& change : changes)
    journal.steps.push_back(
        {change.path, trace_of(change.before), trace_of(change.after), change.secret, change.why});
  return journal;
}

}  // namespace

Result<Comparison> compare_with_machine(System& system, const Plan& plan,
                                        const std::string& scope) {
  TRY(auto journals, history(system));
  const auto ours = manifest(journals, scope);
  Machine now;
  for (const auto& path : paths_to_look_at(plan, ours)) {
    TRY(auto entry, system.look(path));
    now.emplace(path, std::move(entry));
  }
  TRY(const auto originals, originals_of(system, plan, ours, journals));
  return compare(plan, now, ours, originals);
}

Result<Applied> apply(const Run& run, const Plan& plan, const std::string& scope) {
  TRY(auto comparison, compare_with_machine(run.system, plan, scope));
  Applied applied{0, std::move(comparison.changes), std::move(comparison.edited), false};
  if (applied.changes.empty()) return applied;
  TRY(const auto journals, history(run.system));
  const int generation = journals.empty() ? 1 : journals.back().generation + 1;
  auto journal = journal_of(run, applied.changes, scope, generation);
  if (run.live) journal.units = states_of(run, actions_for(plan, applied.changes));
  if (auto begun = begin(run.system, journal, applied.changes); !begun)
    return fail(begun.error().message + "\nnothing was changed");

  if (const auto done = carry_out_all(run, plan, journal, applied.changes); !done) {
    run.tell("failed: taking back what was changed");
    const auto undone = undo(run, journal);
    return fail(done.error().message +
                (undone ? "\nall that was changed has been taken back"
                        : "\nnot all could be taken back yet, the next run tries again: " +
                              undone.error().message));
  }
  applied.generation = generation;
  applied.reboot = needs_reboot(plan, applied.changes);
  return applied;
}

}  // namespace ntsbox::provision
