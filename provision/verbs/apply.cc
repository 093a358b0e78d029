#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "provision/core/show.h"
#include "provision/io/unfinished.h"
#include "provision/verbs/examine.h"
#include "provision/verbs/place.h"

namespace ntsbox::provision {
namespace {

void tell_edited(Context& context, const std::vector<std::string>& edited) {
  for (const auto& path : edited)
    context.screen.story << path
                         << ": somebody edited it since ntsbox wrote it, so it stays; ours is "
                         << new_name(path) << ". Take over from it what you want, or move it to "
                         << path << ".\n";
}

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
  if (applied.reboot)
    story
        << "Reboot for the rest to take effect. Then the box verifies itself; what comes of it is "
        << "in " << result_text << ".\n";
}

/// Where daemons run, the machine must show that it works; `json` is what it showed.
ExitCode proven(Context& context, std::string& json) {
  const auto findings = verified(context, starting);
  if (!findings) {
    print(context, findings.error());
    return failed;
  }
  json = provision::in_json(*findings);
  return context.options.json ? exit_code_of(*findings) : tell(context, *findings);
}

}  // namespace

Attempt<ExitCode> apply_verb(Context& context) {
  TRY(const auto placed, place(context));
  tell_edited(context, placed.applied.edited);
  if (!context.options.json) tell_next(context, placed.applied, placed.plan);
  auto code = placed.code;
  std::string json;
  if (code == done && placed.live && !placed.plan.identity_pending) {
    code = proven(context, json);
    if (code == done) {
      // Nothing is left for a boot that an earlier run waited for.
      TRY(mark_finished(context.system));
      context.screen.story
          << "For a Stratum 2 machine: `ntsbox-provision bundle --output box.tar` here, "
             "`ntsbox-provision trust box.tar` there.\n";
    }
  }
  if (context.options.json) context.screen.out << in_json(placed, code, json);
  return code;
}

}  // namespace ntsbox::provision
