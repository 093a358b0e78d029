#include "provision/verbs/identity.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <utility>

#include "base/json.h"
#include "certs/authority.h"
#include "certs/inspect.h"
#include "posix/file.h"
#include "provision/core/bundle.h"
#include "provision/core/checks.h"
#include "provision/io/inspect.h"
#include "provision/io/pki.h"
#include "provision/verbs/examine.h"

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

Ending ending(const Error& error) {
  return {failed, error.message};
}

/// Empty when the machine's chronyd knows that it shall serve with a certificate.
std::string what_is_missing(Context& context) {
  const auto conf = context.system.read("/etc/chrony/chrony.conf");
  if (conf && *conf && (*conf)->find("ntsserverkey") != std::string::npos) return {};
  return "Now `ntsbox-provision` again: chronyd is not configured to serve with it yet.\n";
}

/// Whether the box authenticates itself with what is in service now.
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
tl::expected<Slot, Ending> pending(Context& context, const Bench& bench) {
  const auto& [key, certificate, authority, request] = bench.pki.next;
  if (const auto late = too_late(bench)) return tl::unexpected(*late);
  if (!request.empty()) return bench.pki.next;
  if (!certificate.empty())
    return tl::unexpected(
        Ending{failed,
               "a next certificate stands ready: put it in service (renew --switch) or forget it "
               "(renew --abort) first"});
  const auto names = names_to_come(context, bench);
  if (!names) return tl::unexpected(ending(names.error()));
  auto made = certs::make_request(*names, bench.settings.key);
  if (!made) return tl::unexpected(ending(made.error()));
  Slot slot{std::string{made->key.view()}, {}, {}, std::move(made->request)};
  auto plan = prepare_plan(slot);
  remember(context, bench, bench.settings, plan);
  if (auto applied = carry_out(context, bench, plan); !applied)
    return tl::unexpected(applied.error());
  return slot;
}

}  // namespace

tl::expected<Bench, Ending> bench_for(Context& context) {
  auto claim = Claim::on(context.system);
  if (!claim) return tl::unexpected(ending(claim.error()));
  auto run = run_for(context);
  if (const auto healed = heal(run); !healed) return tl::unexpected(ending(healed.error()));
  auto before = remembered(context);
  if (!before) return tl::unexpected(before.error());
  auto settings = with_flags(before->settings, context.options.flags);
  if (!settings) return tl::unexpected(Ending{usage, settings.error().message});
  auto pki = read_pki(context.system);
  if (!pki) return tl::unexpected(ending(pki.error()));
  return Bench{std::move(*claim), std::move(run), std::move(*before), std::move(*settings),
               std::move(*pki)};
}

tl::expected<Applied, Ending> carry_out(Context& context, const Bench& bench, const Plan& plan) {
  const auto comparison = compare_with_machine(context.system, plan, box_scope);
  if (!comparison) return tl::unexpected(ending(comparison.error()));
  if (!comparison->edited.empty())
    return tl::unexpected(Ending{
        edited_locally,
        fmt::format("somebody edited {} since ntsbox wrote it; nothing was changed. Take it away, "
                    "and ntsbox-provision writes its own",
                    fmt::join(comparison->edited, ", "))});
  auto applied = apply(bench.run, plan, box_scope);
  if (!applied) return tl::unexpected(ending(applied.error()));
  return std::move(*applied);
}

std::optional<Ending> too_late(const Bench& bench) {
  if (bench.pki.next == Slot{} || bench.settings == bench.before.settings) return std::nullopt;
  return Ending{failed,
                "the next certificate, or its request, is there already and was made for other "
                "settings: ntsbox-provision renew --abort forgets it"};
}

std::string told(const std::vector<std::string>& pems) {
  return fingerprints(described(pems));
}

std::string told_in_json(const std::vector<std::string>& pems) {
  return in_json(described(pems));
}

void remember(Context& context, const Bench& bench, const Settings& settings, Plan& plan) {
  if (!(settings == bench.before.settings))
    plan.resources.emplace_back(
        settings_file(bench.before, settings, context.options.settings_path));
}

Result<certs::Names> names_to_come(Context& context, const Bench& bench) {
  const auto facts = inspect(context.system, context.now);
  if (!facts) return tl::unexpected(facts.error());
  return names_to_come(bench.settings, *facts, bench.pki.current);
}

ExitCode ask_authority(Context& context, const Bench& bench) {
  const auto slot = pending(context, bench);
  if (!slot) return end(context, slot.error().code, slot.error().message);
  const auto& file = context.options.file;
  if (!file.empty())
    if (const auto written = write_file_or_output(file, slot->request, 0644); !written)
      return end(context, written.error());
  const auto key = certs::request_fingerprint(slot->request);
  if (!key) return end(context, key.error());
  if (context.options.json)
    context.screen.out << fmt::format(R"({{"request":{},"file":{},"public_key_sha256":"{}"}})"
                                      "\n",
                                      json_quote(slot->request), json_quote(file), *key);
  else if (file.empty())
    context.screen.out << slot->request;
  context.screen.story << fmt::format(
      "The key stays here; the request is for the CA. Its public key, to be compared where it is "
      "signed:\n  SHA-256 {}\nWhere the CA lives:\n  ntsbox-provision ca sign {}\nand what that "
      "gives, here:\n  ntsbox-provision import FILE\n",
      *key, file.empty() ? "REQUEST" : file);
  return done;
}

ExitCode serve(Context& context, const Bench& bench, const Slot& next) {
  const auto& current = bench.pki.current;
  if (const auto fit = fit_to_serve(next, context.now); !fit)
    return end(context, failed, "the next certificate cannot serve: " + fit.error().message);
  if (!known_to_clients(current, next)) {
    context.screen.story << told({next.certificate});
    if (!agreed(context, question))
      return end(context, context.screen.asks ? failed : usage,
                 "nothing was changed; `ntsbox-provision bundle` hands out both, and --yes "
                 "switches without asking");
  }
  auto plan = switch_plan(current, next);
  auto settings = bench.before.settings;
  settings.ca = !next.authority.empty();
  remember(context, bench, settings, plan);
  const auto applied = carry_out(context, bench, plan);
  if (!applied) return end(context, applied.error().code, applied.error().message);
  const auto missing = what_is_missing(context);
  const auto findings = bench.run.live && missing.empty() ? handshake(context) : Findings{};
  const auto code = worst(findings) == Verdict::failed ? verify_failed : done;
  if (context.options.json) {
    context.screen.out << fmt::format(R"({{"exit":{},"generation":{},"in_service":{},"verify":{}}})"
                                      "\n",
                                      static_cast<int>(code), applied->generation,
                                      told_in_json({next.certificate}), in_json_line(findings));
    return code;
  }
  context.screen.out << "In service now:\n"
                     << told({next.certificate}) << in_text(findings, context.screen.colour);
  context.screen.story << missing
                       << "`ntsbox-provision rollback` takes the switch back; make a new backup.\n";
  return code;
}

}  // namespace ntsbox::provision
