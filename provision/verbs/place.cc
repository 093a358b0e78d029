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
tl::expected<Box, Ending> with_packages(Context& context, Box box) {
  if (box.plan.packages.empty()) return box;
  if (context.options.offline)
    return tl::unexpected(
        Ending{failed, "packages are missing, and --offline forbids to install them: " +
                           fmt::format("{}", fmt::join(box.plan.packages, " "))});
  if (auto installed = install_packages(run_for(context), box.plan.packages); !installed)
    return tl::unexpected(Ending{failed, installed.error().message});
  auto again = plan_box(context);
  if (again && !again->plan.packages.empty())
    return tl::unexpected(
        Ending{failed, "packages are still missing after their installation: " +
                           fmt::format("{}", fmt::join(again->plan.packages, " "))});
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
  const auto before = is_unfinished(run.system);
  if (!before) return tl::unexpected(before.error());
  if (later)
    if (auto marked = mark_unfinished(run.system); !marked) return tl::unexpected(marked.error());
  auto applied = apply(run, plan, box_scope);
  if (!applied && later && !*before) (void)mark_finished(run.system);
  return applied;
}

}  // namespace

tl::expected<Placed, ExitCode> place(Context& context) {
  const auto stop = [&](const Ending& ending) {
    return tl::unexpected(end(context, ending.code, ending.message));
  };
  const auto claim = Claim::on(context.system);
  if (!claim) return stop({failed, claim.error().message});
  auto run = run_for(context);
  if (const auto healed = heal(run); !healed) return stop({failed, healed.error().message});
  auto box = plan_box(context);
  if (!box) return stop(box.error());
  const auto comparison = compare_with_machine(context.system, box->plan, box_scope);
  if (!comparison) return stop({failed, comparison.error().message});
  if (!shown_and_agreed(context, *box, *comparison))
    return stop(
        context.screen.asks
            ? Ending{failed, "nothing was changed"}
            : Ending{usage, "nobody is there to agree to this: say --yes; nothing was changed"});
  run.packages = box->plan.packages;
  box = with_packages(context, std::move(*box));
  if (!box) return stop(box.error());
  const bool later = box->plan.identity_pending || needs_reboot(box->plan, comparison->changes);
  auto applied = apply_and_mark(run, box->plan, later);
  if (!applied) return stop({failed, applied.error().message});
  const auto code = !applied->edited.empty() ? edited_locally
                    : applied->reboot        ? reboot_needed
                                             : done;
  return Placed{code, std::move(box->plan), std::move(*applied), run.live};
}

}  // namespace ntsbox::provision
