// verify, doctor: does this server do its work, and what is wrong with it? guard: ends a holdover.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>
#include <utility>

#include "base/chronyc.h"
#include "posix/clock.h"
#include "provision/core/checks.h"
#include "provision/core/settings.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

using Clock = std::chrono::steady_clock;

/// Looks again while the daemons may still be starting. The clock may be stepped meanwhile.
void let_settle(Context& context, Evidence& evidence, seconds patience) {
  if (!evidence.live || !may_settle(evidence, patience)) return;
  context.screen.progress << "waiting for the receiver, at most " << patience.count() << " s"
                          << std::endl;
  const auto begin = Clock::now();
  while (may_settle(evidence, patience) && Clock::now() - begin < patience && !stop_requested()) {
    std::this_thread::sleep_for(1s);
    refresh(context.system, system_second(), evidence);
  }
}

/// Settings that cannot be read are no reason to serve for ever: the usual limit holds then.
seconds limit_for(Context& context) {
  if (context.options.limit) return seconds{*context.options.limit};
  const auto& path = context.options.settings_path;
  const auto text = context.system.read(path);
  const auto settings = parse_settings(text && *text ? **text : "", path);
  return settings ? settings->holdover_limit : Settings{}.holdover_limit;
}

}  // namespace

Result<Findings> verified(Context& context, seconds patience) {
  const auto inquiry = inquiry_for(context, false);
  TRY(auto evidence, gather(context.system, inquiry));
  let_settle(context, evidence, patience);
  add_proof(context.system, inquiry, evidence);
  return verify(evidence);
}

Attempt<ExitCode> verify_verb(Context& context) {
  TRY(const auto findings, verified(context, starting));
  return print_findings(context, findings);
}

Inquiry inquiry_for(const Context& context, bool deeper) {
  return {context.options.root == "/", deeper, context.options.settings_path, context.options.flags,
          context.now};
}

ExitCode exit_code_of(const Findings& findings) {
  return worst(findings) == Severity::failed ? verify_failed : done;
}

ExitCode print_findings(Context& context, const Findings& findings) {
  auto& out = context.screen.out;
  if (context.options.json) {
    out << in_json(findings);
  } else {
    const auto count = [&findings](Severity severity) {
      return std::count_if(findings.begin(), findings.end(),
                           [severity](const Finding& one) { return one.severity == severity; });
    };
    out << in_text(findings, context.screen.colour) << count(Severity::ok) << " ok, "
        << count(Severity::warning) << " warnings, " << count(Severity::failed) << " failed\n";
  }
  return exit_code_of(findings);
}

Attempt<ExitCode> doctor_verb(Context& context) {
  const auto inquiry = inquiry_for(context, true);
  TRY(auto evidence, gather(context.system, inquiry));
  add_proof(context.system, inquiry, evidence);
  return print_findings(context, doctor(evidence));
}

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
  return finished(context,
                  fmt::format("the last good measurement, of {}, is {} s old and the holdover "
                              "limit is {} s: no time is served until there is a good one again",
                              reference->name, held.count(), limit.count()));
}

}  // namespace ntsbox::provision
