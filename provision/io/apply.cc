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
      auto entry = original(system, journal, known.index);
      if (!entry) return tl::unexpected(entry.error());
      originals.emplace(path, std::move(*entry));
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
  if (auto put = run.system.put(staged, entry); !put) return put;
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
    if (change.path == validation.path)
      if (auto good = validate(run, validation, *change.after); !good) return good;
  return {};
}

/// Before anything is placed; but a file whose folder is yet to be made has no place to be read in.
/// Gives the paths of those.
Result<std::set<std::string>> validate_all(const Run& run, const Plan& plan,
                                           const std::vector<Change>& changes) {
  std::set<std::string> later;
  for (const auto& change : changes) {
    if (!is_judged(plan, change)) continue;
    const auto folder = run.system.look(change.path.substr(0, change.path.rfind('/')));
    if (!folder) return tl::unexpected(folder.error());
    if (!*folder)
      later.insert(change.path);
    else if (auto good = validate_change(run, plan, change); !good)
      return tl::unexpected(good.error());
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
  const auto later = validate_all(run, plan, changes);
  if (!later) return tl::unexpected(later.error());
  for (const auto& change : changes) {
    if (run.stop()) return fail("interrupted");
    if (later->count(change.path) > 0)
      if (auto good = validate_change(run, plan, change); !good) return good;
    if (auto done = carry_out(run, change); !done) return done;
  }
  if (run.live) {
    if (auto acted = act_on_units(run, actions_for(plan, changes), changes); !acted) return acted;
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
  auto journals = history(system);
  if (!journals) return tl::unexpected(journals.error());
  const auto ours = manifest(*journals, scope);
  Machine now;
  for (const auto& path : paths_to_look_at(plan, ours)) {
    auto entry = system.look(path);
    if (!entry) return tl::unexpected(entry.error());
    now.emplace(path, std::move(*entry));
  }
  const auto originals = originals_of(system, plan, ours, *journals);
  if (!originals) return tl::unexpected(originals.error());
  return compare(plan, now, ours, *originals);
}

Result<Applied> apply(const Run& run, const Plan& plan, const std::string& scope) {
  auto comparison = compare_with_machine(run.system, plan, scope);
  if (!comparison) return tl::unexpected(comparison.error());
  Applied applied{0, std::move(comparison->changes), std::move(comparison->edited), false};
  if (applied.changes.empty()) return applied;
  const auto journals = history(run.system);
  if (!journals) return tl::unexpected(journals.error());
  const int generation = journals->empty() ? 1 : journals->back().generation + 1;
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
