#include <fmt/format.h>

#include <ostream>

#include "provision/core/paths.h"
#include "provision/core/show.h"
#include "provision/io/history.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {
namespace {

/// What the last generation did, for the question.
std::string told(const Journal& journal) {
  auto text = fmt::format("Generation {}, of {}, changed {} paths:\n", journal.generation,
                          format_iso_utc(journal.begun), journal.steps.size());
  for (const auto& step : journal.steps)
    text += fmt::format("  {} {}\n", step.before ? "restore" : "remove", step.path);
  for (const auto& step : journal.steps)
    if (step.path == pki_key)
      text += step.before
                  ? "This puts the key and certificate from before back in service: clients "
                    "that trust the later one alone must trust it again.\n"
                  : "This takes the box's key away with it: its clients must trust a new "
                    "one then.\n";
  return text;
}

}  // namespace

Attempt<ExitCode> rollback_verb(Context& context) {
  TRY(const auto claim, Claim::on(context.system));
  const auto run = run_for(context);
  TRY(const auto healed, heal(run));
  // Whoever says it again after a run that was cut short means that run, and no further one.
  if (!healed.generations.empty()) return tell_undone(context, healed);
  TRY(const auto journals, history(context.system));
  if (journals.empty()) return finished(context, "nothing to roll back");
  context.screen.story << told(journals.back());
  if (!agreed(context, "Take it back?"))
    return declined(context, "nothing was changed; --yes takes it back without asking");
  TRY(const auto undone, roll_back(run));
  return tell_undone(context, undone);
}

}  // namespace ntsbox::provision
