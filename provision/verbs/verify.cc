// verify, doctor: does this server do its work, and what is wrong with it?

#include "provision/verbs/verify.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "posix/clock.h"
#include "provision/core/checks.h"

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
  return tell(context, findings);
}

Inquiry inquiry_for(const Context& context, bool deeper) {
  return {context.options.root == "/", deeper, context.options.settings_path, context.options.flags,
          context.now};
}

ExitCode exit_code_of(const Findings& findings) {
  return worst(findings) == Severity::failed ? verify_failed : done;
}

ExitCode tell(Context& context, const Findings& findings) {
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
  return tell(context, doctor(evidence));
}

}  // namespace ntsbox::provision
