#include <fmt/format.h>

#include <ostream>

#include "provision/core/show.h"
#include "provision/io/history.h"
#include "provision/io/packages.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {
namespace {

void tell_edited(Context& context, const std::vector<std::string>& edited) {
  for (const auto& path : edited)
    context.screen.story << path
                         << ": somebody edited it since ntsbox wrote it, so it stays; ours is "
                         << new_name(path) << ". Take over from it what you want, or move it to "
                         << path << ".\n";
}

std::string in_json(const Applied& applied, const Plan& plan, ExitCode code) {
  std::vector<std::string> paths;
  for (const auto& change : applied.changes) paths.push_back(change.path);
  return fmt::format(
      R"({{"exit":{},"generation":{},"changed":{},"edited":{},"notes":{},"reboot":{},"identity_pending":{}}})"
      "\n",
      static_cast<int>(code), applied.generation, json_array(paths), json_array(applied.edited),
      json_array(plan.notes), applied.reboot, plan.identity_pending);
}

void tell_next(Context& context, const Applied& applied, const Plan& plan) {
  auto& story = context.screen.story;
  if (applied.generation == 0)
    story << "Nothing to do: the machine is as it should be.\n";
  else
    story << fmt::format(
        "Done: {} changes, generation {}. `ntsbox-provision rollback` takes them back.\n",
        applied.changes.size(), applied.generation);
  for (const auto& note : plan.notes) story << note << "\n";
  if (applied.reboot) story << "Reboot for the rest to take effect.\n";
}

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

}  // namespace

ExitCode apply_verb(Context& context) {
  const auto claim = Claim::on(context.system);
  if (!claim) return end(context, claim.error());
  auto run = run_for(context);
  if (const auto healed = heal(run); !healed) return end(context, healed.error());
  auto box = plan_box(context);
  if (!box) return end(context, box.error().code, box.error().message);
  const auto comparison = compare_with_machine(context.system, box->plan, box_scope);
  if (!comparison) return end(context, comparison.error());
  if (!shown_and_agreed(context, *box, *comparison))
    return context.screen.asks
               ? end(context, failed, "nothing was changed")
               : end(context, usage,
                     "nobody is there to agree to this: say --yes; nothing was changed");
  run.packages = box->plan.packages;
  box = with_packages(context, std::move(*box));
  if (!box) return end(context, box.error().code, box.error().message);
  const auto applied = apply(run, box->plan, box_scope);
  if (!applied) return end(context, applied.error());
  const auto code = !applied->edited.empty() ? edited_locally
                    : applied->reboot        ? reboot_needed
                                             : done;
  tell_edited(context, applied->edited);
  if (context.options.json)
    context.screen.out << in_json(*applied, box->plan, code);
  else
    tell_next(context, *applied, box->plan);
  return code;
}

}  // namespace ntsbox::provision
