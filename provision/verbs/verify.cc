// verify: does this box do its work?

#include <chrono>
#include <ostream>
#include <thread>

#include "posix/clock.h"
#include "provision/core/checks.h"
#include "provision/verbs/examine.h"

namespace ntsbox::provision {
namespace {

using Clock = std::chrono::steady_clock;

/// Looks again while the daemons may still be starting. The clock may be stepped meanwhile.
void let_settle(Context& context, Evidence& evidence, seconds patience) {
  if (!evidence.live || !may_settle(evidence, patience)) return;
  context.screen.story << "waiting for the receiver, at most " << patience.count() << " s"
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

}  // namespace ntsbox::provision
