#include "provision/verbs/place.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "provision/core/show.h"
#include "provision/io/history.h"
#include "provision/io/packages.h"
#include "provision/io/unfinished.h"

namespace ntsbox::provision {
namespace {

/// The plan for the machine with its packages installed.
Attempt<Box> with_packages(Context& context, Box box) {
  if (box.plan.packages.empty()) return box;
  if (context.options.offline)
    return stop(failed,
                fmt::format("packages are missing, and --offline forbids to install them: {}",
                            fmt::join(box.plan.packages, " ")));
  TRY(install_packages(run_for(context), box.plan.packages));
  auto again = plan_box(context);
  if (again && !again->plan.packages.empty())
    return stop(failed, fmt::format("packages are still missing after their installation: {}",
                                    fmt::join(again->plan.packages, " ")));
  return again;
}

/// Shows what would be done; false when nobody agrees to it.
bool shown_and_agreed(Context& context, const Box& box, const Comparison& comparison) {
  if (comparison.changes.empty() && box.plan.packages.empty()) return true;
  if (!context.options.json)
    context.screen.out << coloured(context.screen, in_text(Preview{box.plan, comparison}))
                       << std::flush;
  return agreed(context, "Do all this?");
}

/// With the mark of unfinished work when some of it is left for `later`: before anything is
/// changed, so that a cut cannot come between.
Result<Applied> apply_and_mark(const Run& run, const Plan& plan, bool later) {
  TRY(const auto before, is_unfinished(run.system));
  if (later) TRY(mark_unfinished(run.system));
  auto applied = apply(run, plan, box_scope);
  if (!applied && later && !before) (void)mark_finished(run.system);
  return applied;
}

}  // namespace

Attempt<Placed> place(Context& context) {
  TRY(const auto claim, Claim::on(context.system));
  auto run = run_for(context);
  TRY(heal(run));
  TRY(auto box, plan_box(context));
  TRY(const auto comparison, compare_with_machine(context.system, box.plan, box_scope));
  if (!shown_and_agreed(context, box, comparison))
    return declined(context, "nothing was changed",
                    "nobody is there to agree to this: say --yes; nothing was changed");
  run.packages = box.plan.packages;
  TRY(box, with_packages(context, std::move(box)));
  const bool later = box.plan.identity_pending || needs_reboot(box.plan, comparison.changes);
  TRY(auto applied, apply_and_mark(run, box.plan, later));
  const auto code = !applied.edited.empty() ? edited_locally
                    : applied.reboot        ? reboot_needed
                                            : done;
  return Placed{code, std::move(box.plan), std::move(applied), run.live};
}

}  // namespace ntsbox::provision
