#include "provision/verbs/identity.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <utility>

#include "base/json.h"
#include "base/release.h"
#include "certs/authority.h"
#include "certs/inspect.h"
#include "certs/issue.h"
#include "posix/file.h"
#include "provision/core/bundle.h"
#include "provision/core/checks.h"
#include "provision/core/identity.h"
#include "provision/io/inspect.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr char question[] =
    "Have all clients taken the bundle with this certificate? One that has not gets no "
    "authenticated time from now on.";

Bundle described(const std::vector<std::string>& pems) {
  Bundle bundle;
  for (const auto& pem : pems)
    if (auto summary = certs::inspect(pem)) bundle.trusted.push_back({pem, std::move(*summary)});
  return bundle;
}

/// Empty when the machine's chronyd knows that it shall serve with a certificate.
std::string what_is_missing(Context& context) {
  const auto conf = context.system.read("/etc/chrony/chrony.conf");
  if (conf && *conf && (*conf)->find("ntsserverkey") != std::string::npos) return {};
  return "Now `ntsbox-provision` again: chronyd is not configured to serve with it yet.\n";
}

/// Whether the server authenticates itself with what is in service now.
Findings handshake(Context& context) {
  Evidence evidence;
  evidence.now = context.now;
  add_proof(context.system, inquiry_for(context, false), evidence);
  Findings findings;
  check_handshake(evidence, findings);
  return findings;
}

/// Null when nothing was verified.
std::string in_json_line(const Findings& findings) {
  const auto json = in_json(findings);
  return findings.empty() ? "null" : json.substr(0, json.find('\n'));
}

/// The pending key and its request, made where there are none.
Attempt<Identity> pending(Context& context, const IdentitySession& session) {
  const auto& [key, certificate, authority, request] = session.pki.next;
  TRY(check_next_settings(session));
  if (!request.empty()) return session.pki.next;
  if (!certificate.empty())
    return stop(failed,
                "a next certificate is pending: activate it (renew --switch) or discard it "
                "(renew --abort) first");
  TRY(const auto names, names_to_come(context, session));
  TRY(auto made, certs::make_request(names, session.settings.key));
  Identity made_identity{.key = std::string{made.key.view()}, .request = std::move(made.request)};
  auto plan = prepare_plan(made_identity);
  save_if_changed(context, session, session.settings, plan);
  TRY(carry_out(context, session, plan));
  return made_identity;
}

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

Attempt<IdentitySession> open_session(Context& context) {
  TRY(auto lock, StateLock::acquire(context.system));
  auto run = run_for(context);
  TRY(recover(run));
  TRY(auto before, saved_settings(context));
  TRY(auto settings,
      with_flags(before.settings, context.options.flags).map_error(stop_with(usage)));
  TRY(auto pki, read_pki(context.system));
  return IdentitySession{std::move(lock), std::move(run), std::move(before), std::move(settings),
                         std::move(pki)};
}

Attempt<ApplyResult> carry_out(Context& context, const IdentitySession& session, const Plan& plan) {
  TRY(const auto comparison, compare_with_machine(context.system, plan, server_scope));
  if (!comparison.edited.empty())
    return stop(
        edited_locally,
        fmt::format("somebody edited {} since ntsbox wrote it; nothing was changed. Take it away, "
                    "and ntsbox-provision writes its own",
                    fmt::join(comparison.edited, ", ")));
  TRY(auto applied, apply(session.run, plan, server_scope));
  return applied;
}

Attempt<void> check_next_settings(const IdentitySession& session) {
  if (session.pki.next == Identity{} || session.settings == session.before.settings) return {};
  return stop(failed,
              "the next certificate, or its request, is there already and was made for other "
              "settings: ntsbox-provision renew --abort forgets it");
}

std::string describe(const std::vector<std::string>& pems) {
  return fingerprints(described(pems));
}

std::string describe_in_json(const std::vector<std::string>& pems) {
  return in_json(described(pems));
}

void save_if_changed(Context& context, const IdentitySession& session, const Settings& settings,
                     Plan& plan) {
  if (!(settings == session.before.settings))
    plan.resources.push_back(
        settings_file(session.before, settings, context.options.settings_path));
}

Result<certs::Names> names_to_come(Context& context, const IdentitySession& session) {
  TRY(const auto facts, inspect(context.system, context.now));
  return names_to_come(session.settings, facts, session.pki.current);
}

Attempt<ExitCode> ask_authority(Context& context, const IdentitySession& session) {
  TRY(const auto next, pending(context, session));
  const auto& file = context.options.file;
  if (!file.empty()) TRY(write_file_or_output(file, next.request, 0644));
  TRY(const auto key, certs::request_fingerprint(next.request));
  if (context.options.json)
    context.screen.out << fmt::format(R"({{"request":{},"file":{},"public_key_sha256":"{}"}})"
                                      "\n",
                                      json_quote(next.request), json_quote(file), key);
  else if (file.empty())
    context.screen.out << next.request;
  context.screen.progress << fmt::format(
      "The key stays here; the request is for the CA. Its public key, to be compared where it is "
      "signed:\n  SHA-256 {}\nWhere the CA lives:\n  ntsbox-provision ca sign {}\nand what that "
      "gives, here:\n  ntsbox-provision import FILE\n",
      key, file.empty() ? "REQUEST" : file);
  return done;
}

Attempt<ExitCode> serve(Context& context, const IdentitySession& session, const Identity& next) {
  const auto& current = session.pki.current;
  if (const auto fit = fit_to_serve(next, context.now); !fit)
    return stop(failed, "the next certificate cannot serve: " + fit.error().message);
  if (!known_to_clients(current, next)) {
    context.screen.progress << describe({next.certificate});
    if (!confirmed(context, question))
      return declined(context,
                      "nothing was changed; `ntsbox-provision bundle` hands out both, and --yes "
                      "switches without asking");
  }
  auto plan = switch_plan(current, next);
  auto settings = session.before.settings;
  settings.ca = !next.authority.empty();
  save_if_changed(context, session, settings, plan);
  TRY(const auto applied, carry_out(context, session, plan));
  const auto missing = what_is_missing(context);
  const auto findings = session.run.live && missing.empty() ? handshake(context) : Findings{};
  const auto code = worst(findings) == Severity::failed ? verify_failed : done;
  if (context.options.json) {
    context.screen.out << fmt::format(R"({{"exit":{},"generation":{},"in_service":{},"verify":{}}})"
                                      "\n",
                                      static_cast<int>(code), applied.generation,
                                      describe_in_json({next.certificate}), in_json_line(findings));
    return code;
  }
  context.screen.out << "In service now:\n"
                     << describe({next.certificate}) << in_text(findings, context.screen.colour);
  context.screen.progress
      << missing << "`ntsbox-provision rollback` takes the switch back; make a new backup.\n";
  return code;
}

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
