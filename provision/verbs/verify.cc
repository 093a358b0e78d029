// verify: does this box do its work?

#include <chrono>
#include <ostream>
#include <thread>

#include "provision/core/checks.h"
#include "provision/verbs/examine.h"

namespace ntsbox::provision {
namespace {

using Clock = std::chrono::steady_clock;

// From a start of the daemons: gpsd needs up to 10 s for its receiver, ntsboxd ten to agree with
// it.
constexpr auto patience = std::chrono::seconds{60};

/// Looks again while the daemons may still be starting.
void let_settle(Context& context, Evidence& evidence) {
  if (!evidence.live || !may_settle(evidence)) return;
  context.screen.story << "waiting for the receiver, at most a minute" << std::endl;
  const auto begin = Clock::now();
  while (may_settle(evidence) && Clock::now() - begin < patience && !interrupted()) {
    std::this_thread::sleep_for(std::chrono::seconds{1});
    const auto passed = std::chrono::duration_cast<seconds>(Clock::now() - begin);
    refresh(context.system, context.now + passed, evidence);
  }
}

}  // namespace

ExitCode verify_verb(Context& context) {
  const auto inquiry = inquiry_for(context, false);
  auto evidence = gather(context.system, inquiry);
  if (!evidence) return end(context, evidence.error());
  let_settle(context, *evidence);
  add_proof(context.system, inquiry, *evidence);
  return tell(context, verify(*evidence));
}

}  // namespace ntsbox::provision
