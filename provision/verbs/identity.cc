// renew, request, import: the next identity, which clients get before it is activated; its
// certificate is made here, or by a CA elsewhere.

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "certs/inspect.h"
#include "certs/issue.h"
#include "posix/file.h"
#include "provision/core/bundle.h"
#include "provision/io/inspect.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

constexpr char question[] =
    "Have all clients taken the bundle with this certificate? One that has not gets no "
    "authenticated time from now on.";

/// Empty when the machine's chronyd is configured to serve with a certificate.
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

/// Fails when the next identity was made with other settings than these.
Attempt<void> check_next_settings(const IdentitySession& session) {
  if (session.pki.next == Identity{} || session.settings == session.before.settings) return {};
  return stop(failed,
              "the next certificate, or its request, is there already and was made for other "
              "settings: ntsbox-provision renew --abort forgets it");
}

/// Applies `plan`, and `settings` when they are others than those remembered.
Attempt<ApplyResult> carry_out(Context& context, const IdentitySession& session, Plan plan,
                               const Settings& settings) {
  if (!(settings == session.before.settings))
    plan.resources.push_back(
        settings_file(session.before, settings, context.options.settings_path));
  return carry_out(context, session, plan);
}

/// The names of the next certificate, from the settings and the machine.
Result<certs::Names> names_to_come(Context& context, const IdentitySession& session) {
  TRY(const auto facts, inspect(context.system, context.now));
  return names_to_come(session.settings, facts, session.pki.current);
}

/// The pending key and its request, made where there are none.
Attempt<Identity> pending(Context& context, const IdentitySession& session) {
  const auto& next = session.pki.next;
  TRY(check_next_settings(session));
  if (!next.request.empty()) return next;
  if (!next.certificate.empty())
    return stop(failed,
                "a next certificate is pending: activate it (renew --switch) or discard it (renew "
                "--abort) first");
  TRY(const auto names, names_to_come(context, session));
  TRY(auto made, certs::make_request(names, session.settings.key));
  Identity identity{.key = made.key, .request = std::move(made.request)};
  TRY(carry_out(context, session, prepare_plan(identity), session.settings));
  return identity;
}

/// Makes a key and a request for a CA elsewhere, or finds those that wait, and hands the request
/// out: to --output, or on the standard output.
Attempt<ExitCode> ask_authority(Context& context, const IdentitySession& session) {
  TRY(const auto next, pending(context, session));
  const auto& file = context.options.file;
  if (!file.empty()) TRY(write_file_or_output(file, next.request, 0644));
  TRY(const auto key, certs::request_fingerprint(next.request));
  answer(context,
         JsonObject{}.add("request", next.request).add("file", file).add("public_key_sha256", key),
         file.empty() ? next.request : "");
  context.screen.progress << fmt::format(
      "The key stays here; the request is for the CA. Its public key, to be compared where it is "
      "signed:\n  SHA-256 {}\nWhere the CA lives:\n  ntsbox-provision ca sign {}\nand what that "
      "gives, here:\n  ntsbox-provision import FILE\n",
      key, file.empty() ? "REQUEST" : file);
  return done;
}

/// Puts `next` in service, after asking whether its clients have it when they need it.
Attempt<ExitCode> serve(Context& context, const IdentitySession& session, const Identity& next) {
  const auto& current = session.pki.current;
  const auto served = describe(next.certificate);
  if (const auto fit = fit_to_serve(next, context.now); !fit)
    return stop(failed, "the next certificate cannot serve: " + fit.error().message);
  if (!known_to_clients(current, next)) {
    context.screen.progress << served.text;
    if (!confirmed(context, question))
      return declined(context,
                      "nothing was changed; `ntsbox-provision bundle` hands out both, and --yes "
                      "switches without asking");
  }
  auto settings = session.before.settings;
  settings.ca = !next.authority.empty();
  TRY(const auto applied, carry_out(context, session, switch_plan(current, next), settings));
  const auto missing = what_is_missing(context);
  const auto findings = session.run.live && missing.empty() ? handshake(context) : Findings{};
  const auto code = exit_code_of(findings);
  answer(context,
         JsonObject{}
             .add("exit", static_cast<int>(code))
             .add("generation", applied.generation)
             .add_json("in_service", served.json)
             .add_json("verify", in_json_line(findings)),
         "In service now:\n" + served.text + in_text(findings, context.screen.colour));
  if (!context.options.json)
    context.screen.progress
        << missing << "`ntsbox-provision rollback` takes the switch back; make a new backup.\n";
  return code;
}

/// Prints the next identity, and what clients must trust of it.
ExitCode print_next(Context& context, const JsonObject& json, const std::string& text) {
  answer(context, json, "The next certificate is pending; the active one stays" + text);
  if (!context.options.json)
    context.screen.progress
        << "\n`ntsbox-provision bundle --output FILE` hands out both from now on. When every "
           "client has\ntrusted that bundle: ntsbox-provision renew --switch\n";
  return done;
}

ExitCode print_next(Context& context, const Identity& next) {
  const auto certificate = describe(next.certificate);
  return print_next(context, JsonObject{}.add("exit", 0).add_json("next", certificate.json),
                    ":\n" + certificate.text);
}

Attempt<ExitCode> prepare(Context& context, const IdentitySession& session) {
  const auto& [current, next, previous] = session.pki;
  if (session.settings.ca || !next.request.empty()) return ask_authority(context, session);
  TRY(check_next_settings(session));
  if (!next.certificate.empty()) return print_next(context, next);
  if (current.certificate.empty())
    return stop(failed, "this server has no certificate yet: ntsbox-provision makes the first");
  TRY(const auto facts, inspect(context.system, context.now));
  TRY(const auto names, names_to_come(session.settings, facts, current));
  TRY(const auto made, self_signed(names, session.settings.key, facts));
  TRY(carry_out(context, session, prepare_plan(made), session.settings));
  return print_next(context, made);
}

Attempt<ExitCode> switch_over(Context& context, const IdentitySession& session) {
  const auto& next = session.pki.next;
  if (next == Identity{})
    return stop(failed, "no next certificate is pending: ntsbox-provision renew makes it");
  if (next.certificate.empty())
    return stop(failed,
                "the request still waits for its CA: ntsbox-provision import FILE takes what `ca "
                "sign` gave");
  return serve(context, session, next);
}

Attempt<ExitCode> forget_next(Context& context, const IdentitySession& session) {
  if (session.pki.next == Identity{}) return finished(context, "no next certificate is pending");
  TRY(const auto applied, carry_out(context, session, prepare_plan({})));
  answer(context, JsonObject{}.add("exit", 0).add("generation", applied.generation), "");
  context.screen.progress << "The next certificate is discarded; the active one stays. Clients "
                             "that trust it already drop it with the next bundle.\n";
  return done;
}

/// Makes `next`, which a CA signed, the identity that follows.
Attempt<ExitCode> stage(Context& context, const IdentitySession& session, const Identity& next) {
  TRY(carry_out(context, session, prepare_plan(next)));
  const auto authority = describe(next.authority);
  return print_next(context,
                    JsonObject{}
                        .add("exit", 0)
                        .add_json("next", describe(next.certificate).json)
                        .add_json("authority", authority.json),
                    ". Clients are to trust its CA:\n" + authority.text);
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
    return stop(edited_locally,
                fmt::format("somebody edited {} since ntsbox wrote it; nothing was changed. Take "
                            "it away, and ntsbox-provision writes its own",
                            fmt::join(comparison.edited, ", ")));
  TRY(auto applied, apply(session.run, plan, server_scope));
  return applied;
}

Description describe(const std::string& pem) {
  Bundle bundle;
  if (auto summary = certs::inspect(pem)) bundle.trusted.push_back({pem, std::move(*summary)});
  return {in_words(bundle), in_json(bundle)};
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
  if (is_here(session.pki, file)) return finished(context, path + ": nothing to do: it is here");
  TRY(const auto names, names_to_come(context, session));
  TRY(const auto next,
      completed(session.pki.next, file, names, context.now).map_error(about(path)));
  return known_to_clients(session.pki.current, next) || context.options.switch_now
             ? serve(context, session, next)
             : stage(context, session, next);
}

}  // namespace ntsbox::provision
