// renew, request, import: the next identity, which clients get before it is activated; its
// certificate is made here, or by a CA elsewhere.

#include <fmt/format.h>

#include <ostream>

#include "base/release.h"
#include "certs/inspect.h"
#include "certs/issue.h"
#include "posix/file.h"
#include "provision/core/rotation.h"
#include "provision/io/inspect.h"
#include "provision/verbs/identity.h"

namespace ntsbox::provision {
namespace {

ExitCode print_next_identity(Context& context, const Identity& next) {
  const std::vector<std::string> pems{next.certificate};
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"exit\":0,\"next\":{}}}\n", describe_in_json(pems));
    return done;
  }
  context.screen.out << "The next certificate is pending; the active one stays:\n"
                     << describe(pems);
  context.screen.progress
      << "\n`ntsbox-provision bundle --output FILE` hands out both from now on. When every client "
         "has\ntrusted that bundle: ntsbox-provision renew --switch\n";
  return done;
}

Attempt<ExitCode> prepare(Context& context, const IdentitySession& session) {
  const auto& [current, next, previous] = session.pki;
  if (session.settings.ca || !next.request.empty()) return ask_authority(context, session);
  TRY(check_next_settings(session));
  if (!next.certificate.empty()) return print_next_identity(context, next);
  if (current.certificate.empty())
    return stop(failed, "this server has no certificate yet: ntsbox-provision makes the first");
  TRY(const auto facts, inspect(context.system, context.now));
  TRY(const auto names, names_to_come(session.settings, facts, current));
  TRY(const auto issued, certs::issue_pin(names, session.settings.key,
                                          {context.now, release_date(), facts.narrow_time}));
  const Identity made{.key = std::string{issued.key.view()}, .certificate = issued.certificate};
  auto plan = prepare_plan(made);
  save_if_changed(context, session, session.settings, plan);
  TRY(carry_out(context, session, plan));
  return print_next_identity(context, made);
}

Attempt<ExitCode> switch_over(Context& context, const IdentitySession& session) {
  const auto& next = session.pki.next;
  if (next == Identity{})
    return stop(failed, "no next certificate is pending: ntsbox-provision renew makes it");
  if (next.certificate.empty())
    return stop(failed,
                "the request still waits for its CA: ntsbox-provision import FILE takes what "
                "`ca sign` gave");
  return serve(context, session, next);
}

Attempt<ExitCode> forget_next(Context& context, const IdentitySession& session) {
  if (session.pki.next == Identity{}) return finished(context, "no next certificate is pending");
  TRY(const auto applied, carry_out(context, session, prepare_plan({})));
  if (context.options.json)
    context.screen.out << fmt::format("{{\"exit\":0,\"generation\":{}}}\n", applied.generation);
  context.screen.progress << "The next certificate is discarded; the active one stays. Clients "
                             "that trust it already drop it with the next bundle.\n";
  return done;
}

constexpr std::size_t most_bytes = std::size_t{1} << 20;

Attempt<ExitCode> stage(Context& context, const IdentitySession& session, const Identity& next) {
  TRY(carry_out(context, session, prepare_plan(next)));
  const std::vector<std::string> pems{next.authority};
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"exit\":0,\"next\":{},\"authority\":{}}}\n",
                                      describe_in_json({next.certificate}), describe_in_json(pems));
    return done;
  }
  context.screen.out << "The next certificate is pending; the active one stays. Clients are "
                        "to trust its CA:\n"
                     << describe(pems);
  context.screen.progress
      << "\n`ntsbox-provision bundle --output FILE` hands out both from now on. When every client "
         "has\ntrusted that bundle: ntsbox-provision renew --switch\n";
  return done;
}

/// Whether the file's first certificate is in service already, or about to be.
bool is_here(const Pki& pki, const std::string& file) {
  const auto parts = certs::split_chain(file);
  return parts && !parts->empty() &&
         (parts->front() == pki.current.certificate || parts->front() == pki.next.certificate);
}

}  // namespace

Attempt<ExitCode> renew_verb(Context& context) {
  TRY(const auto session, open_session(context));
  if (context.options.abort) return forget_next(context, session);
  return context.options.switch_now ? switch_over(context, session) : prepare(context, session);
}

Attempt<ExitCode> request_verb(Context& context) {
  TRY(const auto session, open_session(context));
  return ask_authority(context, session);
}

Attempt<ExitCode> import_verb(Context& context) {
  const auto& path = context.options.file;
  TRY(const auto file, read_file_or_input(path, most_bytes));
  TRY(const auto session, open_session(context));
  const auto& [current, pending, previous] = session.pki;
  if (is_here(session.pki, file)) return finished(context, path + ": nothing to do: it is here");
  TRY(const auto names, names_to_come(context, session));
  const auto next = completed(pending, file, names, context.now);
  if (!next) return stop(failed, path + ": " + next.error().message);
  return known_to_clients(current, *next) || context.options.switch_now
             ? serve(context, session, *next)
             : stage(context, session, *next);
}

}  // namespace ntsbox::provision
