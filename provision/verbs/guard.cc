// guard: ends a holdover that has lasted longer than the owner's limit. ntsbox-holdover.timer runs
// it each minute.

#include <fmt/format.h>

#include <utility>

#include "base/chronyc.h"
#include "provision/core/settings.h"
#include "provision/verbs/server.h"

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
  const auto reference = chronyc::tracking_in(tracking.output);
  if (!reference) return stop(failed, "chronyd does not answer: " + tracking.output);
  const auto held = chronyc::unsteered(*reference, SystemTime{context.now.time_since_epoch()});
  const auto limit = limit_for(context);
  if (held <= limit) return done;
  // chronyd forgets its measurements, and serves no time until there is a good source again (chrony
  // 4.0 and later; over chronyd's own socket, so as root or chronyd's user).
  TRY(const auto reset, context.system.run({"chronyc", "reset", "sources"}));
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
