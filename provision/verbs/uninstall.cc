#include <fmt/format.h>

#include <ostream>

#include "provision/core/paths.h"
#include "provision/io/history.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {

namespace {

Result<void> remove_all(System& system, const std::string& path) {
  const auto there = system.look(path);
  if (!there) return tl::unexpected(there.error());
  if (*there && (*there)->kind == Entry::Kind::folder) {
    const auto names = system.list(path);
    if (!names) return tl::unexpected(names.error());
    for (const auto& name : *names)
      if (auto gone = remove_all(system, fmt::format("{}/{}", path, name)); !gone) return gone;
  }
  return system.remove(path);
}

/// What the timer of the metrics wrote last: it would be read as the state of this machine for
/// ever.
Result<void> remove_metrics(System& system) {
  const auto there = system.look(metrics_file);
  if (!there) return tl::unexpected(there.error());
  return *there ? system.remove(metrics_file) : Result<void>{};
}

/// The keys and certificates that an earlier uninstall left.
ExitCode remove_keys(Context& context) {
  const std::string folder = master_copies;
  const auto names = context.system.list(folder);
  if (!names) return end(context, names.error());
  if (names->empty()) return end(context, done, "nothing to uninstall");
  if (!agreed(context, "Remove the key and certificate in " + folder + "?"))
    return end(context, context.screen.asks ? failed : usage, "nothing was changed");
  if (const auto gone = remove_all(context.system, folder); !gone)
    return end(context, gone.error());
  return end(context, done, folder + ": removed");
}

}  // namespace

ExitCode uninstall_verb(Context& context) {
  const auto claim = Claim::on(context.system);
  if (!claim) return end(context, claim.error());
  const auto run = run_for(context);
  if (const auto healed = heal(run); !healed) return end(context, healed.error());
  const auto journals = history(context.system);
  if (!journals) return end(context, journals.error());
  if (journals->empty())
    return context.options.keys_too ? remove_keys(context)
                                    : end(context, done, "nothing to uninstall");
  if (!agreed(context, "Make this machine what it was before ntsbox-provision first ran?"))
    return end(context, context.screen.asks ? failed : usage,
               "nothing was changed; --yes uninstalls without asking");
  const auto undone = roll_back_all(run, !context.options.keys_too);
  if (!undone) return end(context, undone.error());
  if (const auto gone = remove_metrics(context.system); !gone) return end(context, gone.error());
  return tell_undone(context, *undone);
}

}  // namespace ntsbox::provision
