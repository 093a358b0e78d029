// bundle, trust: what a server gives to its clients, and what a client does with it.

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "base/text.h"
#include "certs/inspect.h"
#include "posix/file.h"
#include "provision/core/bundle.h"
#include "provision/core/bundle_hash.h"
#include "provision/core/settings.h"
#include "provision/core/trust_plan.h"
#include "provision/io/apply.h"
#include "provision/io/archive.h"
#include "provision/io/generations.h"
#include "provision/io/inspect.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;

/// Nothing but the bytes of the file: what they are is looked at once their hash was compared.
Result<std::string> read_bytes(const Context& context) {
  return read_file_or_input(context.options.file, most_bytes);
}

Result<Bundle> parsed(const Context& context, const std::string& bytes) {
  const auto& path = context.options.file;
  TRY(const auto members, unpack(bytes).map_error(about(path)));
  return parse_bundle(members, context.now).map_error(about(path));
}

/// Fails unless the hash of these bytes is the one that the server shows: as --hash has it, or as
/// somebody says who has compared the two. --yes says nothing about it.
Attempt<void> check_hash(Context& context, const std::string& bytes) {
  const auto& options = context.options;
  const auto hash = certs::sha256_hex(bytes);
  if (!options.hash.empty()) {
    TRY(const auto expected,
        hash_in(options.hash).map_error(about("--hash")).map_error(stop_with(usage)));
    if (hash == expected) return {};
    return stop(verify_failed,
                fmt::format("{}: its SHA-256 is {}, and not the one of --hash: this is not the "
                            "file that the server wrote. Nothing of it was read or changed here",
                            printable(options.file), hash));
  }
  context.screen.progress << hash_shown(options.file, hash);
  const bool somebody = context.screen.interactive && !options.yes;
  if (somebody && answered_yes(context,
                               "Does the server's own screen (ntsbox-provision bundle) show the "
                               "same hash, all 64 digits?"))
    return {};
  if (somebody) return stop(failed, "nothing was changed");
  return stop(usage,
              "nobody is there to compare the hash. Hint: --hash HASH, with the one that the "
              "server shows (ntsbox-provision bundle); nothing was changed");
}

/// The name or address to ask the server by: --server, or that of the bundle.
Result<std::string> server_to_ask(const Context& context, const Bundle& bundle) {
  if (context.options.server.empty()) return bundle.server;
  TRY(auto server, host_or_address(context.options.server).map_error(about("--server")));
  for (const auto& [pem, summary] : bundle.trusted)
    if (summary.is_ca || certs::covers(summary, server)) return server;
  return fail(fmt::format("--server: no certificate in the bundle is for {}; they are for:\n{}",
                          server, in_words(bundle)));
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

/// Applies a plan about this server alone. Whether that changed anything.
Attempt<bool> carry_out(Context& context, const Plan& plan, const std::string& box) {
  const Run run = run_for(context);
  TRY(const auto lock, StateLock::acquire(context.system));
  TRY(recover(run));
  TRY(const auto applied, apply(run, plan, "trust " + box));
  if (!applied.edited.empty())
    return stop(ExitCode::edited_locally, fmt::format("somebody edited {}: it stays as it is",
                                                      fmt::join(applied.edited, ", ")));
  return applied.generation != 0;
}

Attempt<ExitCode> distrust(Context& context) {
  TRY(const auto box, host_or_address(context.options.remove)
                          .map_error(about("--remove"))
                          .map_error(stop_with(ExitCode::usage)));
  TRY(const auto facts, inspect_client(context.system, box));
  TRY(const auto plan, distrust_plan(box, facts));
  TRY(const auto changed, carry_out(context, plan, box));
  return answer(context, JsonObject{JsonStyle::spaced}.add("changed", changed).add("removed", box),
                fmt::format("{}{} is no longer trusted\n", changed ? "" : "nothing to do: ", box));
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
  TRY(const auto changed, carry_out(context, plan, bundle.server));
  return answer(context,
                JsonObject{JsonStyle::spaced}
                    .add("changed", changed)
                    .add("box", bundle.server)
                    .add("server", server)
                    .add_json("certificates", in_json(bundle)),
                fmt::format("{3}{0} is trusted by chrony now, and asked for authenticated time.\n"
                            "Look:  chronyc -N authdata   (Cook is more than 0)   and   chronyc -N "
                            "sources   (^* or ^+)\n"
                            "Undo:  ntsbox-provision trust --remove {1}\n{2}\n",
                            server, bundle.server, fmt::join(plan.notes, "\n"),
                            changed ? "" : "nothing to do: "));
}

/// A bundle that was written.
struct Written {
  Bundle bundle;
  std::string hash;  // SHA-256 of the file
};

/// Writes the bundle once it was read back: certificates and settings, and no key.
Result<Written> write_bundle(Context& context) {
  const auto& options = context.options;
  TRY(auto bundle,
      server_bundle(context.system, options.settings_path, options.flags, context.now));
  TRY(const auto bytes, pack(bundle_members(bundle), options.file.ends_with(".gz")));
  TRY(const auto members, unpack(bytes));
  TRY(parse_bundle(members, context.now));
  TRY(write_file_or_output(options.file, bytes, 0644));
  return Written{std::move(bundle), certs::sha256_hex(bytes)};
}

}  // namespace

Attempt<ExitCode> trust_verb(Context& context) {
  if (!context.options.remove.empty()) return distrust(context);
  TRY(const auto bytes, read_bytes(context));
  TRY(check_hash(context, bytes));
  TRY(const auto bundle, parsed(context, bytes));
  TRY(const auto server, server_to_ask(context, bundle).map_error(stop_with(ExitCode::usage)));
  context.screen.progress << in_words(bundle) << "\n";
  return install(context, bundle, server);
}

Attempt<ExitCode> bundle_verb(Context& context) {
  const auto& path = context.options.file;
  if (!is_bundle_name(path))
    return stop(ExitCode::usage,
                "--output must name a .tar or .tar.gz file, in letters, digits and . _ + - alone: "
                "the commands for the client contain that name");
  TRY(const auto written, write_bundle(context));
  const auto& [bundle, hash] = written;
  return answer(context,
                JsonObject{JsonStyle::spaced}
                    .add("file", path)
                    .add("sha256", hash)
                    .add("server", bundle.server)
                    .add_json("certificates", in_json(bundle)),
                fmt::format("{}: what a client needs to authenticate {}; nothing in it is "
                            "secret.\n\n{}\n{}\n{}",
                            path, bundle.server, hash_shown(file_name(path), hash),
                            in_words(bundle), client_commands(file_name(path), hash)));
}

}  // namespace ntsbox::provision
