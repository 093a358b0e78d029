// rollback, uninstall: the machine as it was before the last run, or before the first.

#include <fmt/format.h>

#include <ostream>

#include "provision/core/identity.h"
#include "provision/core/show.h"
#include "provision/io/generations.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

// What debian/ntsbox-metrics.service wrote last would be read as the state of this machine for
// ever.
constexpr char metrics_file[] = "/var/lib/prometheus/node-exporter/ntsbox.prom";

/// What the last generation did, for the question.
std::string describe(const Transaction& transaction) {
  auto text = fmt::format("Generation {}, of {}, changed {} paths:\n", transaction.generation,
                          format_iso_utc(transaction.begun), transaction.steps.size());
  for (const auto& step : transaction.steps)
    text += fmt::format("  {} {}\n", step.before ? "restore" : "remove", step.path);
  for (const auto& step : transaction.steps)
    if (step.path == pki_key)
      text += step.before
                  ? "This puts the key and certificate from before back in service: clients that "
                    "trust the later one alone must trust it again.\n"
                  : "This removes the server's key, too: its clients must trust a new one then.\n";
  return text;
}

Result<void> remove_all(System& system, const std::string& path) {
  TRY(const auto there, system.look(path));
  if (there && there->kind == Entry::Kind::folder) {
    TRY(const auto names, system.list(path));
    for (const auto& name : names) TRY(remove_all(system, fmt::format("{}/{}", path, name)));
  }
  return system.remove(path);
}

/// The keys and certificates that an earlier uninstall left.
Attempt<ExitCode> remove_keys(Context& context) {
  const std::string folder = pki_folder;
  TRY(const auto names, context.system.list(folder));
  if (names.empty()) return finished(context, "nothing to uninstall");
  if (!confirmed(context, "Remove the key and certificate in " + folder + "?"))
    return declined(context, "nothing was changed");
  TRY(remove_all(context.system, folder));
  return finished(context, folder + ": removed");
}

}  // namespace

Attempt<ExitCode> rollback_verb(Context& context) {
  TRY(const auto lock, StateLock::acquire(context.system));
  const auto run = run_for(context);
  TRY(const auto recovered, recover(run));
  // After a run that was cut short, a rollback means that run, and no earlier one.
  if (!recovered.generations.empty()) return print_rollback(context, recovered);
  TRY(const auto transactions, read_generations(context.system));
  if (transactions.empty()) return finished(context, "nothing to roll back");
  context.screen.progress << describe(transactions.back());
  if (!confirmed(context, "Take it back?"))
    return declined(context, "nothing was changed; --yes takes it back without asking");
  TRY(const auto undone, roll_back(run));
  return print_rollback(context, undone);
}

Attempt<ExitCode> uninstall_verb(Context& context) {
  TRY(const auto lock, StateLock::acquire(context.system));
  const auto run = run_for(context);
  TRY(recover(run));
  TRY(const auto transactions, read_generations(context.system));
  if (transactions.empty())
    return context.options.keys_too ? remove_keys(context)
                                    : finished(context, "nothing to uninstall");
  if (!confirmed(context, "Make this machine what it was before ntsbox-provision first ran?"))
    return declined(context, "nothing was changed; --yes uninstalls without asking");
  TRY(const auto undone, roll_back_all(run, !context.options.keys_too));
  TRY(context.system.remove(metrics_file));
  return print_rollback(context, undone);
}

}  // namespace ntsbox::provision
