// plan, apply, and resume: what apply left to the next boot. ntsbox-provision-resume.service runs
// it, and runs it again when it fails.

#include "provision/io/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <thread>
#include <utility>

#include "base/release.h"
#include "posix/clock.h"
#include "provision/core/show.h"
#include "provision/io/generations.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

/// How a run ended.
struct RunResult {
  ExitCode code = done;  // or edited_locally, or reboot_needed
  Plan plan;
  ApplyResult applied;
  bool live = false;
};

/// The plan for the machine with its packages installed.
Attempt<Plan> with_packages(Context& context, Plan plan) {
  if (plan.packages.empty()) return plan;
  if (context.options.offline)
    return stop(failed,
                fmt::format("packages are missing, and --offline forbids to install them: {}",
                            fmt::join(plan.packages, " ")));
  TRY(install_packages(run_for(context), plan.packages));
  auto again = plan_server(context);
  if (again && !again->packages.empty())
    return stop(failed, fmt::format("packages are still missing after their installation: {}",
                                    fmt::join(again->packages, " ")));
  return again;
}

/// Shows what would be done; false when nobody agrees to it.
bool shown_and_confirmed(Context& context, const Plan& plan, const Comparison& comparison) {
  if (comparison.changes.empty() && plan.packages.empty()) return true;
  if (!context.options.json)
    context.screen.out << coloured(context.screen, in_text(plan, comparison)) << std::flush;
  return confirmed(context, "Do all this?");
}

/// With the mark of unfinished work when some of it is left for `later`: before anything is
/// changed, so that a cut cannot come between.
Result<ApplyResult> apply_and_mark(const Run& run, const Plan& plan, bool later) {
  TRY(const auto before, is_pending(run.system));
  if (later) TRY(mark_pending(run.system));
  auto applied = apply(run, plan, server_scope);
  if (!applied && later && !before) (void)clear_pending(run.system);
  return applied;
}

/// Brings the machine to its plan, with other runs locked out, but does not verify it. A run that
/// leaves something to the next boot has left the mark of that (io/generations.h).
Attempt<RunResult> run_apply(Context& context) {
  TRY(const auto lock, StateLock::acquire(context.system));
  auto run = run_for(context);
  TRY(recover(run));
  TRY(auto plan, plan_server(context));
  TRY(const auto comparison, compare_with_machine(context.system, plan, server_scope));
  if (!shown_and_confirmed(context, plan, comparison))
    return declined(context, "nothing was changed",
                    "nobody is there to agree to this: say --yes; nothing was changed");
  run.packages = plan.packages;
  TRY(plan, with_packages(context, std::move(plan)));
  const bool later = plan.identity_pending || needs_reboot(plan, comparison.changes);
  TRY(auto applied, apply_and_mark(run, plan, later));
  const auto code = !applied.edited.empty() ? edited_locally
                    : applied.reboot        ? reboot_needed
                                            : done;
  return RunResult{code, std::move(plan), std::move(applied), run.live};
}

void print_edited(Context& context, const std::vector<std::string>& edited) {
  for (const auto& path : edited)
    context.screen.progress
        << path << ": somebody edited it since ntsbox wrote it, so it stays; the new one is "
        << new_name(path) << ". Take over from it what you want, or move it to " << path << ".\n";
}

/// `findings`: verify's; none when nothing was verified.
std::string in_json(const RunResult& run, ExitCode code, const Findings& findings) {
  const auto& [_, plan, applied, live] = run;
  const auto path_of = [](const Change& change) { return json_of(change.path); };
  return JsonObject{}
             .add("exit", static_cast<int>(code))
             .add("generation", applied.generation)
             .add_json("changed", json_array(applied.changes, path_of))
             .add_json("edited", json_array(applied.edited))
             .add_json("notes", json_array(plan.notes))
             .add("reboot", applied.reboot)
             .add("identity_pending", plan.identity_pending)
             .add_json("verify", in_json_line(findings))
             .text() +
         "\n";
}

void print_next_steps(Context& context, const ApplyResult& applied, const Plan& plan) {
  auto& progress = context.screen.progress;
  if (applied.generation == 0)
    progress << "Nothing to do: the machine is as it should be.\n";
  else
    progress << fmt::format(
        "Done: {} changes, generation {}. `ntsbox-provision rollback` takes them back.\n",
        applied.changes.size(), applied.generation);
  for (const auto& note : plan.notes) progress << note << "\n";
  if (applied.reboot)
    progress
        << "Reboot for the rest to take effect. Then the server verifies itself; the result is "
        << "in " << result_text << ".\n";
}

/// Where daemons run, verify must find that they work.
ExitCode verify_run(Context& context, Findings& findings) {
  auto found = verified(context, starting);
  if (!found) {
    print(context, found.error());
    return failed;
  }
  findings = std::move(*found);
  return context.options.json ? exit_code_of(findings) : print_findings(context, findings);
}

// One try; the unit comes again five minutes later. A receiver that was never on needs up to a
// quarter of an hour.
constexpr seconds patience{300};

/// Whether there is a server whose last run came to its end. What was cut short is not rolled back
/// here: that may mean to stop the very unit that this is.
Result<bool> has_server(System& system) {
  TRY(const auto transactions, read_generations(system));
  if (std::any_of(transactions.begin(), transactions.end(),
                  [](const auto& one) { return !one.done; }))
    return fail(
        "an earlier run was cut short: `ntsbox-provision rollback` takes it back, "
        "`ntsbox-provision` begins again");
  return std::any_of(transactions.begin(), transactions.end(),
                     [](const auto& one) { return one.scope == server_scope; });
}

/// Until the clock shows a date that can be: a Pi has none of its own, and gets it from chronyd.
bool wait_for_clock(Context& context) {
  if (system_second() < release_date())
    context.screen.progress << "waiting for a right clock, at most " << patience.count() << " s"
                            << std::endl;
  const auto begin = std::chrono::steady_clock::now();
  while (system_second() < release_date()) {
    if (stop_requested() || std::chrono::steady_clock::now() - begin > patience) return false;
    std::this_thread::sleep_for(1s);
  }
  return true;
}

Resumed try_to_finish(Context& context) {
  if (!wait_for_clock(context))
    return {system_second(),
            failed,
            "The clock shows a date that cannot be: see chronyc tracking, or date --set by hand.\n",
            {}};
  Options options = context.options;
  options.yes = options.offline = true;
  std::ostringstream progress;
  Screen screen{progress, progress, false, false};
  Context inner{options, context.system, screen, system_second()};
  const auto run = run_apply(inner);
  if (!run) print(inner, run.error());
  context.screen.progress << progress.str() << std::flush;
  if (!run) return {system_second(), run.error().code, progress.str(), {}};
  const auto findings = verified(context, patience);
  if (!findings) return {system_second(), failed, findings.error().message + "\n", {}};
  return {system_second(), resumed_code(run->code, *findings), "", *findings};
}

}  // namespace

Attempt<ExitCode> apply_verb(Context& context) {
  TRY(const auto run, run_apply(context));
  print_edited(context, run.applied.edited);
  if (!context.options.json) print_next_steps(context, run.applied, run.plan);
  auto code = run.code;
  Findings findings;
  if (code == done && run.live && !run.plan.identity_pending) {
    code = verify_run(context, findings);
    if (code == done) {
      // Nothing is left for a boot that an earlier run waited for.
      TRY(clear_pending(context.system));
      context.screen.progress << "For a Stratum 2 machine: `ntsbox-provision bundle --output "
                                 "box.tar` here, `ntsbox-provision trust box.tar` there.\n";
    }
  }
  if (context.options.json) context.screen.out << in_json(run, code, findings);
  return code;
}

Attempt<ExitCode> plan_verb(Context& context) {
  TRY(const auto plan, plan_server(context));
  TRY(const auto comparison, compare_with_machine(context.system, plan, server_scope));
  const bool pending = !comparison.changes.empty() || !plan.packages.empty();
  if (context.options.json) {
    context.screen.out << in_json(plan, comparison);
  } else {
    context.screen.out << coloured(context.screen, in_text(plan, comparison));
    context.screen.progress << (pending ? "Nothing was changed. `ntsbox-provision apply` does it.\n"
                                        : "Nothing to do: the machine is as it should be.\n");
  }
  if (pending) return changes_pending;
  return comparison.edited.empty() ? done : edited_locally;
}

Attempt<ExitCode> resume_verb(Context& context) {
  TRY(const auto unfinished, is_pending(context.system));
  if (!unfinished) return finished(context, "nothing is left to do");
  TRY(const auto server, has_server(context.system));
  if (!server) {
    TRY(clear_pending(context.system));
    return finished(context, "the run to finish was rolled back");
  }
  const auto resumed = try_to_finish(context);
  const auto text = in_text(resumed);
  context.screen.out << (context.options.json ? in_json(resumed) : text) << std::flush;
  TRY(keep_result(context.system, text, in_json(resumed)));
  if (is_finished(resumed.code)) TRY(clear_pending(context.system));
  return resumed.code;
}

}  // namespace ntsbox::provision
