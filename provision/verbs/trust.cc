// bundle, trust: what a server gives to its clients, and what a client does with it.

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <utility>

#include "base/json.h"
#include "posix/file.h"
#include "provision/core/bundle.h"
#include "provision/core/settings.h"
#include "provision/io/apply.h"
#include "provision/io/archive.h"
#include "provision/io/evidence.h"
#include "provision/io/generations.h"
#include "provision/io/inspect.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;

Result<Bundle> read_bundle(const Context& context) {
  const auto& path = context.options.file;
  TRY(const auto bytes, read_file_or_input(path, most_bytes));
  const auto members = unpack(bytes);
  if (!members) return fail(fmt::format("{}: {}", path, members.error().message));
  auto bundle = parse_bundle(*members, context.now);
  if (!bundle) return fail(fmt::format("{}: {}", path, bundle.error().message));
  return bundle;
}

/// The name or address to ask the server by: --server, or that of the bundle.
Result<std::string> server_to_ask(const Context& context, const Bundle& bundle) {
  if (context.options.server.empty()) return bundle.server;
  auto server = host_or_address(context.options.server);
  if (!server) return fail(fmt::format("--server: {}", server.error().message));
  for (const auto& [pem, summary] : bundle.trusted)
    if (summary.is_ca || certs::covers(summary, *server)) return server;
  return fail(fmt::format("--server: no certificate in the bundle is for {}; they are for:\n{}",
                          *server, fingerprints(bundle)));
}

bool is_image(const Context& context) {
  return context.options.root != "/";
}

/// Empty when the server has shown that it is the one, or need not.
std::optional<Proof> check_server(Context& context, const Bundle& bundle,
                                  const std::string& server) {
  if (context.options.offline || is_image(context)) {
    context.screen.progress << "the server was not asked"
                            << (is_image(context) ? ": this is an image\n" : " (--offline)\n");
    return std::nullopt;
  }
  context.screen.progress << "asking " << server << " for authenticated time\n" << std::flush;
  auto proof = prove(context.system, bundle, {server, false, bundle.no_rtc, 10});
  if (!proof) return Proof{Proof::Outcome::impossible, proof.error().message, ""};
  if (proof->outcome == Proof::Outcome::failed || proof->outcome == Proof::Outcome::impossible)
    return *proof;
  context.screen.progress << proof->what << (proof->cure.empty() ? "" : ": " + proof->cure) << "\n";
  return std::nullopt;
}

/// Applies a plan about this server alone. `json`: members of the answer.
Attempt<ExitCode> carry_out(Context& context, const Plan& plan, const std::string& box,
                            const std::string& done, const std::string& json) {
  const Run run = run_for(context);
  TRY(const auto lock, StateLock::acquire(context.system));
  TRY(recover(run));
  TRY(const auto applied, apply(run, plan, "trust " + box));
  if (!applied.edited.empty())
    return stop(ExitCode::edited_locally, fmt::format("somebody edited {}: it stays as it is",
                                                      fmt::join(applied.edited, ", ")));
  if (context.options.json)
    context.screen.out << fmt::format("{{\"changed\": {}, {}}}\n", applied.generation != 0, json);
  else
    context.screen.out << (applied.generation == 0 ? "nothing to do: " : "") << done;
  return ExitCode::done;
}

Attempt<ExitCode> distrust(Context& context) {
  const auto box = host_or_address(context.options.remove);
  if (!box) return stop(ExitCode::usage, "--remove: " + box.error().message);
  TRY(const auto facts, inspect_client(context.system, *box));
  TRY(const auto plan, distrust_plan(*box, facts));
  return carry_out(context, plan, *box, fmt::format("{} is no longer trusted\n", *box),
                   fmt::format("\"removed\": {}", json_quote(*box)));
}

Attempt<ExitCode> install(Context& context, const Bundle& bundle, const std::string& server) {
  TRY(const auto facts, inspect_client(context.system, bundle.server));
  const auto code = facts.chrony ? ExitCode::failed : ExitCode::unsupported;
  TRY(const auto plan, trust_plan(bundle, server, facts).map_error(stop_with(code)));
  if (const auto why = check_server(context, bundle, server))
    return stop(
        ExitCode::verify_failed,
        fmt::format("{}: {}. Nothing was changed (--offline installs without asking the server)",
                    why->what, why->cure));
  return carry_out(context, plan, bundle.server,
                   fmt::format("{0} is trusted by chrony now, and asked for authenticated time.\n"
                               "Look:  chronyc -N authdata   (Cook is more than 0)   and   chronyc "
                               "-N sources   (^* or ^+)\n"
                               "Undo:  ntsbox-provision trust --remove {1}\n{2}\n",
                               server, bundle.server, fmt::join(plan.notes, "\n")),
                   fmt::format("\"box\": {}, \"server\": {}, \"certificates\": {}",
                               json_quote(bundle.server), json_quote(server), in_json(bundle)));
}

/// Reads back what is about to be handed out: certificates and settings, and no key.
Result<void> check(const std::string& bytes, UtcSecond now) {
  TRY(const auto members, unpack(bytes));
  TRY(parse_bundle(members, now));
  return {};
}

Result<Bundle> write_bundle(Context& context) {
  const auto& path = context.options.file;
  auto bundle = server_bundle(context.system, context.options.settings_path, context.options.flags,
                              context.now);
  if (!bundle) return bundle;
  TRY(const auto bytes, pack(bundle_members(*bundle), path.ends_with(".gz")));
  TRY(check(bytes, context.now));
  TRY(write_file_or_output(path, bytes, 0644));
  return bundle;
}

}  // namespace

Attempt<ExitCode> trust_verb(Context& context) {
  if (!context.options.remove.empty()) return distrust(context);
  TRY(const auto bundle, read_bundle(context));
  TRY(const auto server, server_to_ask(context, bundle).map_error(stop_with(ExitCode::usage)));
  context.screen.progress << fingerprints(bundle) << "\n";
  if (!confirmed(
          context,
          fmt::format(
              "Is this what {} shows (ntsbox-provision bundle), sent by another way than the "
              "bundle came?",
              bundle.server)))
    return declined(context, "nothing was changed",
                    "nobody is there to compare the fingerprint: where that was done, say --yes; "
                    "nothing was changed");
  return install(context, bundle, server);
}

Attempt<ExitCode> bundle_verb(Context& context) {
  const auto& path = context.options.file;
  if (!path.ends_with(".tar") && !path.ends_with(".tar.gz"))
    return stop(ExitCode::usage, "--output must name a .tar or .tar.gz file");
  TRY(const auto bundle, write_bundle(context));
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"file\": {}, \"server\": {}, \"certificates\": {}}}\n",
                                      json_quote(path), json_quote(bundle.server), in_json(bundle));
    return ExitCode::done;
  }
  context.screen.out << fmt::format(
      "{0}: what a Stratum 2 machine needs to authenticate {1}; nothing in it is secret.\n\n{2}\n"
      "Take it there, compare the fingerprint that is shown there with this one, and there run\n"
      "  ntsbox-provision trust {0}      or, without ntsbox, the bundle's install.sh\n",
      path, bundle.server, fingerprints(bundle));
  return ExitCode::done;
}

}  // namespace ntsbox::provision
