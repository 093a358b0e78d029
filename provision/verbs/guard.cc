// guard: ends a holdover that has lasted longer than the owner's limit. ntsbox-holdover.timer runs
// it each minute.

#include <fmt/format.h>

#include <utility>

#include "provision/core/holdover.h"
#include "provision/core/settings.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {
namespace {

/// Settings that cannot be read are no reason to serve for ever: the usual limit holds then.
seconds limit_for(Context& context) {
  if (context.options.limit) return seconds{*context.options.limit};
  const auto& path = context.options.settings_path;
  const auto text = context.system.read(path);
  const auto settings = parse_settings(text && *text ? **text : "", path);
  return settings ? settings->holdover_limit : Settings{}.holdover_limit;
}

}  // namespace

Attempt<ExitCode> guard_verb(Context& context) {
  TRY(const auto tracking, context.system.run({"chronyc", "-c", "-n", "tracking"}));
  const auto reference = parse_tracking(tracking.output);
  if (!reference) return stop(failed, "chronyd does not answer: " + tracking.output);
  const auto held = holdover(*reference, context.now);
  const auto limit = limit_for(context);
  if (held <= limit) return done;
  TRY(const auto reset, context.system.run({std::begin(end_holdover), std::end(end_holdover)}));
  if (reset.status != 0)
    return stop(failed, "chronyd does not end its holdover, it needs root or chronyd's user: " +
                            reset.output);
  return finished(
      context,
      fmt::format("the last good measurement, of {}, is {} s old and the holdover limit is "
                  "{} s: no time is served until there is a good one again",
                  reference->name, held.count(), limit.count()));
}

}  // namespace ntsbox::provision
