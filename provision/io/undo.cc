#include "provision/io/undo.h"

#include <utility>

#include "provision/io/history.h"
#include "provision/io/units.h"

namespace ntsbox::provision {
namespace {

/// What a cut may have left beside a file.
Result<void> clean_beside(System& system, const std::string& path) {
  const auto staged = staged_name(path);
  for (const auto& name : {temporary_name(path), temporary_name(staged), staged}) {
    TRY(const auto there, system.look(name));
    if (!there) continue;
    TRY(system.remove(name));
  }
  return {};
}

Result<void> restore(System& system, const Journal& journal, std::size_t index, Undone& undone) {
  const auto& path = journal.steps[index].path;
  TRY(const auto before, original(system, journal, index));
  if (before) return system.put(path, *before);
  TRY(const auto names,
      journal.steps[index].after&& journal.steps[index].after->kind == Entry::Kind::folder
          ? system.list(path)
          : Result<std::vector<std::string>>{});
  if (names.empty()) return system.remove(path);
  undone.kept.push_back(path);
  return {};
}

/// Somebody's own work stays; what was there before us must not be lost either.
Result<void> leave(System& system, const Journal& journal, std::size_t index, Undone& undone) {
  const auto& path = journal.steps[index].path;
  undone.edited.push_back(path);
  TRY(const auto before, original(system, journal, index));
  return before ? system.put(original_name(path), *before) : Result<void>{};
}

Result<void> undo_step(const Run& run, const Journal& journal, std::size_t index, Undone& undone) {
  const auto& step = journal.steps[index];
  TRY(clean_beside(run.system, step.path));
  TRY(const auto now, run.system.look(step.path));
  if (journal.keep_keys && is_master_copy(step.path)) {
    if (now) undone.kept.push_back(step.path);
    return {};
  }
  switch (undoing(step, now)) {
    case Undoing::nothing:
      return {};
    case Undoing::restore:
      run.tell((step.before ? "restoring " : "removing ") + step.path);
      return restore(run.system, journal, index, undone);
    case Undoing::leave:
      break;
  }
  run.tell("leaving " + step.path + ", which somebody edited since");
  return leave(run.system, journal, index, undone);
}

void add(Undone& sum, Undone more) {
  sum.generations.insert(sum.generations.end(), more.generations.begin(), more.generations.end());
  sum.packages.insert(sum.packages.end(), more.packages.begin(), more.packages.end());
  sum.edited.insert(sum.edited.end(), more.edited.begin(), more.edited.end());
  sum.kept.insert(sum.kept.end(), more.kept.begin(), more.kept.end());
}

Result<void> take_back(const Run& run, Journal journal, bool keep_keys, Undone& sum) {
  TRY(reopen(run.system, journal, keep_keys));
  journal.keep_keys = journal.keep_keys || keep_keys;
  TRY(auto undone, undo(run, journal));
  add(sum, std::move(undone));
  return {};
}

}  // namespace

Result<Undone> undo(const Run& run, const Journal& journal) {
  Undone undone;
  undone.packages = journal.packages;
  Result<void> first;
  for (auto index = journal.steps.size(); index-- > 0;)
    if (auto done = undo_step(run, journal, index, undone); !done && first) first = done;
  if (run.live) restore_units(run, journal);
  if (!first) return tl::unexpected(first.error());
  TRY(forget(run.system, journal));
  undone.generations.push_back(journal.generation);
  return undone;
}

Result<Undone> heal(const Run& run) {
  TRY(const auto journals, history(run.system));
  Undone sum;
  for (auto journal = journals.rbegin(); journal != journals.rend(); ++journal) {
    if (journal->done) continue;
    if (!journal->steps.empty()) run.tell("an earlier run was cut short: taking it back");
    auto undone = undo(run, *journal);
    if (!undone) return undone;
    add(sum, std::move(*undone));
  }
  return sum;
}

Result<Undone> roll_back(const Run& run) {
  TRY(const auto journals, history(run.system));
  Undone sum;
  if (journals.empty()) return sum;
  TRY(take_back(run, journals.back(), false, sum));
  return sum;
}

Result<Undone> roll_back_all(const Run& run, bool keep_keys) {
  TRY(const auto journals, history(run.system));
  Undone sum;
  for (auto journal = journals.rbegin(); journal != journals.rend(); ++journal)
    TRY(take_back(run, *journal, keep_keys, sum));
  return sum;
}

}  // namespace ntsbox::provision
