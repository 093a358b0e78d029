// backup, restore: the server's identity and settings, encrypted, for the day its SD card dies.

#include "provision/core/backup.h"

#include <fmt/format.h>

#include <ostream>
#include <utility>

#include "certs/inspect.h"
#include "certs/sealed.h"
#include "contract/constants.h"
#include "posix/file.h"
#include "provision/io/archive.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;

/// ntsboxd.toml when it is not as we wrote it: what a fresh machine cannot make itself.
Result<std::optional<std::string>> edited_daemon_settings(System& system) {
  TRY(const auto transactions, read_generations(system));
  auto text = system.read(contract::daemon_settings);
  if (!text || !*text) return text;
  const auto owned = manifest(transactions, server_scope);
  const auto known = owned.find(contract::daemon_settings);
  if (known != owned.end() && known->second.after &&
      known->second.after->content == certs::sha256_hex(**text))
    return std::nullopt;
  return text;
}

Result<Backup> backup_of(Context& context) {
  TRY(auto pki, read_pki(context.system));
  if (pki.current.certificate.empty())
    return fail("this server has no certificate yet: there is nothing to keep");
  TRY(auto settings, context.system.read(context.options.settings_path));
  TRY(auto daemon_settings, edited_daemon_settings(context.system));
  return Backup{std::move(pki.current), std::move(pki.next), std::move(settings),
                std::move(daemon_settings)};
}

/// Sealed, and opened again to see that it can be.
Result<std::string> sealed(const Backup& backup, const std::string& passphrase) {
  TRY(const auto packed, pack(backup_members(backup), false));
  auto bytes = certs::seal(packed, passphrase);
  if (!bytes) return bytes;
  TRY(const auto again, certs::unseal(*bytes, passphrase));
  if (again != packed) return fail("what was sealed does not open as it was");
  return bytes;
}

Result<Backup> opened(Context& context) {
  const auto& options = context.options;
  TRY(const auto bytes, read_file_or_input(options.file, most_bytes));
  TRY(const auto secret, passphrase(options.passphrase_file, false));
  TRY(const auto packed, certs::unseal(bytes, secret).map_error(about(options.file)));
  TRY(const auto members, unpack(packed).map_error(about(options.file)));
  return parse_backup(members).map_error(about(options.file));
}

/// Another identity in service is not given up unasked.
bool may_replace(Context& context, const IdentitySession& session, const Backup& backup) {
  const auto& current = session.pki.current;
  if (current.certificate.empty() || current.key == backup.current.key) return true;
  context.screen.progress << "This machine has an identity of its own:\n"
                          << describe(current.certificate).text;
  return confirmed(context, "Replace it? Its clients must trust the restored one then.");
}

}  // namespace

Attempt<ExitCode> backup_verb(Context& context) {
  const auto& path = context.options.file;
  TRY(const auto backup, backup_of(context));
  TRY(const auto secret, passphrase(context.options.passphrase_file, true));
  TRY(const auto bytes, sealed(backup, secret));
  TRY(create_file(path, bytes, 0600));
  const auto held = describe(backup.current.certificate);
  answer(context, JsonObject{}.add("file", path).add_json("certificates", held.json),
         path + ": the key, certificate and settings of\n" + held.text);
  context.screen.progress << "Keep it away from the server, and the passphrase away from it. Make "
                             "a new one after each `renew`.\n";
  return done;
}

Attempt<ExitCode> restore_verb(Context& context) {
  TRY(const auto session, open_session(context));
  TRY(const auto backup, opened(context));
  TRY(const auto settings, settings_of(backup, context.options.file));
  TRY(const auto written, parse_settings(backup.settings.value_or(""), context.options.file));
  if (!may_replace(context, session, backup))
    return declined(context, "nothing was changed; --yes replaces it without asking");
  auto plan = restore_plan(backup);
  plan.resources.emplace_back(
      settings_file({written, backup.settings}, settings, context.options.settings_path));
  TRY(const auto applied, carry_out(context, session, plan));
  const auto restored = describe(backup.current.certificate);
  answer(context,
         JsonObject{}
             .add("exit", 0)
             .add("generation", applied.generation)
             .add_json("restored", restored.json),
         "Restored, with its settings:\n" + restored.text);
  if (backup.daemon_settings)
    context.screen.progress << fmt::format(
        "The server's ntsboxd.toml had been edited: it is {} now, to take over from what you "
        "want.\n",
        restored_daemon_settings);
  context.screen.progress
      << "Now `ntsbox-provision`: it makes this machine the server that its clients know.\n";
  return done;
}

}  // namespace ntsbox::provision
