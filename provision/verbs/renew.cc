// renew: the next key and certificate, handed out before they are put in service.

#include <fmt/format.h>

#include <ostream>

#include "base/release.h"
#include "certs/issue.h"
#include "provision/io/inspect.h"
#include "provision/verbs/identity.h"

namespace ntsbox::provision {
namespace {

ExitCode tell_ready(Context& context, const Slot& next) {
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

ExitCode prepare(Context& context, const Bench& bench) {
  const auto& [current, next, previous] = bench.pki;
  if (bench.settings.ca || !next.request.empty()) return ask_authority(context, bench);
  if (const auto late = too_late(bench)) return end(context, late->code, late->message);
  if (!next.certificate.empty()) return tell_ready(context, next);
  if (current.certificate.empty())
    return end(context, failed,
               "this box has no certificate yet: ntsbox-provision makes the first");
  const auto facts = inspect(context.system, context.now);
  if (!facts) return end(context, facts.error());
  const auto names = names_to_come(bench.settings, *facts, current);
  if (!names) return end(context, names.error());
  const auto issued = certs::issue_pin(*names, bench.settings.key,
                                       {context.now, release_date(), facts->narrow_time});
  if (!issued) return end(context, issued.error());
  const Slot made{std::string{issued->key.view()}, issued->certificate, {}, {}};
  auto plan = prepare_plan(made);
  remember(context, bench, bench.settings, plan);
  if (const auto applied = carry_out(context, bench, plan); !applied)
    return end(context, applied.error().code, applied.error().message);
  return tell_ready(context, made);
}

ExitCode switch_over(Context& context, const Bench& bench) {
  const auto& next = bench.pki.next;
  if (next == Slot{})
    return end(context, failed,
               "no next certificate stands ready: ntsbox-provision renew makes it");
  if (next.certificate.empty())
    return end(context, failed,
               "the request still waits for its CA: ntsbox-provision import FILE takes what "
               "`ca sign` gave");
  return serve(context, bench, next);
}

ExitCode forget_next(Context& context, const Bench& bench) {
  if (bench.pki.next == Slot{}) return end(context, done, "no next certificate stands ready");
  const auto applied = carry_out(context, bench, prepare_plan({}));
  if (!applied) return end(context, applied.error().code, applied.error().message);
  if (context.options.json)
    context.screen.out << fmt::format("{{\"exit\":0,\"generation\":{}}}\n", applied->generation);
  context.screen.story << "The next certificate is forgotten; the one in service stays. Clients "
                          "that trust it already drop it with the next bundle.\n";
  return done;
}

}  // namespace

ExitCode renew_verb(Context& context) {
  const auto bench = bench_for(context);
  if (!bench) return end(context, bench.error().code, bench.error().message);
  if (context.options.abort) return forget_next(context, *bench);
  return context.options.switch_now ? switch_over(context, *bench) : prepare(context, *bench);
}

}  // namespace ntsbox::provision
