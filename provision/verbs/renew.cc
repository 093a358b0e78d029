// renew: the next key and certificate, handed out before they are put in service.

#include <fmt/format.h>

#include <ostream>

#include "base/release.h"
#include "certs/issue.h"
#include "provision/core/rotation.h"
#include "provision/io/inspect.h"
#include "provision/verbs/identity.h"

namespace ntsbox::provision {
namespace {

ExitCode tell_ready(Context& context, const Identity& next) {
  const std::vector<std::string> pems{next.certificate};
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"exit\":0,\"next\":{}}}\n", told_in_json(pems));
    return done;
  }
  context.screen.out << "The next certificate stands ready; the one in service stays:\n"
                     << told(pems);
  context.screen.story
      << "\n`ntsbox-provision bundle --output FILE` hands out both from now on. When every client "
         "has\ntrusted that bundle: ntsbox-provision renew --switch\n";
  return done;
}

Attempt<ExitCode> prepare(Context& context, const Bench& bench) {
  const auto& [current, next, previous] = bench.pki;
  if (bench.settings.ca || !next.request.empty()) return ask_authority(context, bench);
  TRY(check_next_settings(bench));
  if (!next.certificate.empty()) return tell_ready(context, next);
  if (current.certificate.empty())
    return stop(failed, "this box has no certificate yet: ntsbox-provision makes the first");
  TRY(const auto facts, inspect(context.system, context.now));
  TRY(const auto names, names_to_come(bench.settings, facts, current));
  TRY(const auto issued, certs::issue_pin(names, bench.settings.key,
                                          {context.now, release_date(), facts.narrow_time}));
  const Identity made{.key = std::string{issued.key.view()}, .certificate = issued.certificate};
  auto plan = prepare_plan(made);
  remember(context, bench, bench.settings, plan);
  TRY(carry_out(context, bench, plan));
  return tell_ready(context, made);
}

Attempt<ExitCode> switch_over(Context& context, const Bench& bench) {
  const auto& next = bench.pki.next;
  if (next == Identity{})
    return stop(failed, "no next certificate stands ready: ntsbox-provision renew makes it");
  if (next.certificate.empty())
    return stop(failed,
                "the request still waits for its CA: ntsbox-provision import FILE takes what "
                "`ca sign` gave");
  return serve(context, bench, next);
}

Attempt<ExitCode> forget_next(Context& context, const Bench& bench) {
  if (bench.pki.next == Identity{}) return finished(context, "no next certificate stands ready");
  TRY(const auto applied, carry_out(context, bench, prepare_plan({})));
  if (context.options.json)
    context.screen.out << fmt::format("{{\"exit\":0,\"generation\":{}}}\n", applied.generation);
  context.screen.story << "The next certificate is forgotten; the one in service stays. Clients "
                          "that trust it already drop it with the next bundle.\n";
  return done;
}

}  // namespace

Attempt<ExitCode> renew_verb(Context& context) {
  TRY(const auto bench, bench_for(context));
  if (context.options.abort) return forget_next(context, bench);
  return context.options.switch_now ? switch_over(context, bench) : prepare(context, bench);
}

}  // namespace ntsbox::provision
