// resume: does what an earlier run left to the next boot. ntsbox-provision-resume.service runs it,
// and runs it again when it fails.

#include <algorithm>
#include <ostream>
#include <sstream>
#include <thread>

#include "base/release.h"
#include "posix/clock.h"
#include "provision/core/resumed.h"
#include "provision/io/history.h"
#include "provision/io/unfinished.h"
#include "provision/verbs/examine.h"
#include "provision/verbs/place.h"

namespace ntsbox::provision {
namespace {

// One try; the unit comes again five minutes later. A receiver that was never on needs up to a
// quarter of an hour.
constexpr seconds patience{300};

/// Whether there is a box whose last run came to its end. What was cut short is not taken back
/// here: that may mean to stop the very unit that this is.
Result<bool> is_a_box(System& system) {
  TRY(const auto journals, history(system));
  if (std::any_of(journals.begin(), journals.end(), [](const auto& one) { return !one.done; }))
    return fail(
        "an earlier run was cut short: `ntsbox-provision rollback` takes it back, "
        "`ntsbox-provision` "
        "begins again");
  return std::any_of(journals.begin(), journals.end(),
                     [](const auto& one) { return one.scope == box_scope; });
}

/// Until the clock shows a date that can be: a Pi has none of its own, and gets it from chronyd.
bool wait_for_clock(Context& context) {
  if (system_second() < release_date())
    context.screen.story << "waiting for a right clock, at most " << patience.count() << " s"
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
  std::ostringstream story;
  Screen screen{story, story, false, false};
  Context inner{options, context.system, screen, system_second()};
  const auto placed = place(inner);
  if (!placed) print(inner, placed.error());
  context.screen.story << story.str() << std::flush;
  if (!placed) return {system_second(), placed.error().code, story.str(), {}};
  const auto findings = verified(context, patience);
  if (!findings) return {system_second(), failed, findings.error().message + "\n", {}};
  return {system_second(), resumed_code(placed->code, *findings), "", *findings};
}

}  // namespace

Attempt<ExitCode> resume_verb(Context& context) {
  TRY(const auto unfinished, is_unfinished(context.system));
  if (!unfinished) return finished(context, "nothing is left to do");
  TRY(const auto box, is_a_box(context.system));
  if (!box) {
    TRY(mark_finished(context.system));
    return finished(context, "the run to finish was taken back");
  }
  const auto resumed = try_to_finish(context);
  const auto text = in_text(resumed);
  context.screen.out << (context.options.json ? in_json(resumed) : text) << std::flush;
  TRY(keep_result(context.system, text, in_json(resumed)));
  if (!is_finished(resumed.code)) return resumed.code;
  TRY(mark_finished(context.system));
  return resumed.code;
}

}  // namespace ntsbox::provision
