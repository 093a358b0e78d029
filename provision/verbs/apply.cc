#include <fmt/format.h>

#include <ostream>
#include <sstream>
#include <utility>

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

/// What a run came to.
struct Placed {
  ExitCode code = done;
  Plan plan;
  Applied applied;
  bool live = false;
};

/// `findings`: verify's answer; empty when nothing was verified.
std::string in_json(const Placed& placed, ExitCode code, const std::string& findings) {
  const auto& [_, plan, applied, live] = placed;
  std::vector<std::string> paths;
  for (const auto& change : applied.changes) paths.push_back(change.path);
  return fmt::format(
      R"({{"exit":{},"generation":{},"changed":{},"edited":{},"notes":{},"reboot":{},"identity_pending":{},"verify":{}}})"
      "\n",
      static_cast<int>(code), applied.generation, json_array(paths), json_array(applied.edited),
      json_array(plan.notes), applied.reboot, plan.identity_pending,
      findings.empty() ? "null" : findings.substr(0, findings.find('\n')));
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

/// All but the proof, with the machine to ourselves.
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
  auto applied = apply(run, box->plan, box_scope);
  if (!applied) return stop({failed, applied.error().message});
  const auto code = !applied->edited.empty() ? edited_locally
                    : applied->reboot        ? reboot_needed
                                             : done;
  return Placed{code, std::move(box->plan), std::move(*applied), run.live};
}

/// Where daemons run, the box must show that it works; `findings` is what it showed.
ExitCode proven(Context& context, std::string& findings) {
  if (!context.options.json) return verify_verb(context);
  std::ostringstream answer;
  Screen screen{answer, context.screen.story, false, false};
  Context inner{context.options, context.system, screen, context.now};
  const auto code = verify_verb(inner);
  findings = answer.str();
  return code;
}

}  // namespace

ExitCode apply_verb(Context& context) {
  const auto placed = place(context);
  if (!placed) return placed.error();
  tell_edited(context, placed->applied.edited);
  if (!context.options.json) tell_next(context, placed->applied, placed->plan);
  auto code = placed->code;
  std::string findings;
  if (code == done && placed->live && !placed->plan.identity_pending) {
    code = proven(context, findings);
    if (code == done)
      context.screen.story
          << "For a Stratum 2 machine: `ntsbox-provision bundle --output box.tar` here, "
             "`ntsbox-provision trust box.tar` there.\n";
  }
  if (context.options.json) context.screen.out << in_json(*placed, code, findings);
  return code;
}

}  // namespace ntsbox::provision
