#include <fmt/format.h>

#include <ostream>

#include "provision/core/paths.h"
#include "provision/io/history.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {

namespace {

Result<void> remove_all(System& system, const std::string& path) {
  TRY(const auto there, system.look(path));
  if (there && there->kind == Entry::Kind::folder) {
    TRY(const auto names, system.list(path));
    for (const auto& name : names) TRY(remove_all(system, fmt::format("{}/{}", path, name)));
  }
  return system.remove(path);
}

/// What the timer of the metrics wrote last: it would be read as the state of this machine for
/// ever.
Result<void> remove_metrics(System& system) {
  TRY(const auto there, system.look(metrics_file));
  return there ? system.remove(metrics_file) : Result<void>{};
}

/// The keys and certificates that an earlier uninstall left.
Attempt<ExitCode> remove_keys(Context& context) {
  const std::string folder = master_copies;
  TRY(const auto names, context.system.list(folder));
  if (names.empty()) return finished(context, "nothing to uninstall");
  if (!agreed(context, "Remove the key and certificate in " + folder + "?"))
    return declined(context, "nothing was changed");
  TRY(remove_all(context.system, folder));
  return finished(context, folder + ": removed");
}

}  // namespace

Attempt<ExitCode> uninstall_verb(Context& context) {
  TRY(const auto claim, Claim::on(context.system));
  const auto run = run_for(context);
  TRY(heal(run));
  TRY(const auto journals, history(context.system));
  if (journals.empty())
    return context.options.keys_too ? remove_keys(context)
                                    : finished(context, "nothing to uninstall");
  if (!agreed(context, "Make this machine what it was before ntsbox-provision first ran?"))
    return declined(context, "nothing was changed; --yes uninstalls without asking");
  TRY(const auto undone, roll_back_all(run, !context.options.keys_too));
  TRY(remove_metrics(context.system));
  return tell_undone(context, undone);
}

}  // namespace ntsbox::provision
