// trust: this machine's chrony takes authenticated time from the box that made a bundle.

#include "provision/core/trust.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "base/json.h"
#include "posix/file.h"
#include "provision/io/apply.h"
#include "provision/io/archive.h"
#include "provision/io/client.h"
#include "provision/io/history.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;

Result<Bundle> read_bundle(const Context& context) {
  const auto& path = context.options.file;
  const auto bytes = read_file_or_input(path, most_bytes);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto members = unpack(*bytes);
  if (!members) return fail(fmt::format("{}: {}", path, members.error().message));
  auto bundle = parse_bundle(*members, context.now);
  if (!bundle) return fail(fmt::format("{}: {}", path, bundle.error().message));
  return bundle;
}

/// The name or address to ask the box by: --server, or what the bundle says.
Result<std::string> server_to_ask(const Context& context, const Bundle& bundle) {
  if (context.options.server.empty()) return bundle.server;
  auto server = server_name(context.options.server);
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
std::optional<Proof> doubt(Context& context, const Bundle& bundle, const std::string& server) {
  if (context.options.offline || is_image(context)) {
    context.screen.story << "the server was not asked"
                         << (is_image(context) ? ": this is an image\n" : " (--offline)\n");
    return std::nullopt;
  }
  context.screen.story << "asking " << server << " for authenticated time\n" << std::flush;
  auto proof = prove(context.system, bundle, {server, false, bundle.no_rtc, 10});
  if (!proof) return Proof{Proof::Outcome::impossible, proof.error().message, ""};
  if (proof->outcome == Proof::Outcome::failed || proof->outcome == Proof::Outcome::impossible)
    return *proof;
  context.screen.story << proof->what << (proof->cure.empty() ? "" : ": " + proof->cure) << "\n";
  return std::nullopt;
}

/// Applies a plan that speaks of this box alone. `json` is what is told of it, as members.
ExitCode carry_out(Context& context, const Plan& plan, const std::string& box,
                   const std::string& done, const std::string& json) {
  const Run run = run_for(context);
  const auto claim = Claim::on(context.system);
  if (!claim) return end(context, claim.error());
  if (auto healed = heal(run); !healed) return end(context, healed.error());
  const auto applied = apply(run, plan, "trust " + box);
  if (!applied) return end(context, applied.error());
  if (!applied->edited.empty())
    return end(
        context, ExitCode::edited_locally,
        fmt::format("somebody edited {}: it stays as it is", fmt::join(applied->edited, ", ")));
  if (context.options.json)
    context.screen.out << fmt::format("{{\"changed\": {}, {}}}\n", applied->generation != 0, json);
  else
    context.screen.out << (applied->generation == 0 ? "nothing to do: " : "") << done;
  return ExitCode::done;
}

ExitCode distrust(Context& context) {
  const auto box = server_name(context.options.remove);
  if (!box) return end(context, ExitCode::usage, "--remove: " + box.error().message);
  const auto facts = inspect_client(context.system, *box);
  if (!facts) return end(context, facts.error());
  const auto plan = distrust_plan(*box, *facts);
  if (!plan) return end(context, plan.error());
  return carry_out(context, *plan, *box, fmt::format("{} is no longer trusted\n", *box),
                   fmt::format("\"removed\": {}", json_quote(*box)));
}

ExitCode install(Context& context, const Bundle& bundle, const std::string& server) {
  const auto facts = inspect_client(context.system, bundle.server);
  if (!facts) return end(context, facts.error());
  const auto plan = trust_plan(bundle, server, *facts);
  if (!plan)
    return end(context, facts->chrony ? ExitCode::failed : ExitCode::unsupported,
               plan.error().message);
  if (const auto why = doubt(context, bundle, server))
    return end(
        context, ExitCode::verify_failed,
        fmt::format("{}: {}. Nothing was changed (--offline installs without asking the server)",
                    why->what, why->cure));
  return carry_out(context, *plan, bundle.server,
                   fmt::format("{0} is trusted by chrony now, and asked for authenticated time.\n"
                               "Look:  chronyc -N authdata   (Cook is more than 0)   and   chronyc "
                               "-N sources   (^* or ^+)\n"
                               "Undo:  ntsbox-provision trust --remove {1}\n{2}\n",
                               server, bundle.server, fmt::join(plan->notes, "\n")),
                   fmt::format("\"box\": {}, \"server\": {}, \"certificates\": {}",
                               json_quote(bundle.server), json_quote(server), in_json(bundle)));
}

}  // namespace

ExitCode trust_verb(Context& context) {
  if (!context.options.remove.empty()) return distrust(context);
  const auto bundle = read_bundle(context);
  if (!bundle) return end(context, bundle.error());
  const auto server = server_to_ask(context, *bundle);
  if (!server) return end(context, ExitCode::usage, server.error().message);
  context.screen.story << fingerprints(*bundle) << "\n";
  if (!agreed(context,
              fmt::format(
                  "Is this what {} shows (ntsbox-provision bundle), told by another way than the "
                  "bundle came?",
                  bundle->server)))
    return context.screen.asks
               ? end(context, failed, "nothing was changed")
               : end(context, usage,
                     "nobody is there to compare the fingerprint: where that was done, say --yes; "
                     "nothing was changed");
  return install(context, *bundle, *server);
}

}  // namespace ntsbox::provision
