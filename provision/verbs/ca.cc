// ca init, ca sign: the CA of one server, where its key lives. No root, and no machine, is touched.

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <ostream>

#include "base/release.h"
#include "certs/inspect.h"
#include "certs/issue.h"
#include "certs/sealed.h"
#include "posix/file.h"
#include "provision/io/pki.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

certs::Moment moment(const Context& context) {
  return {context.now, release_date(), sizeof(std::time_t) < 8};
}

/// The key as it is written: encrypted when a passphrase was given for it.
Result<std::string> written(const Context& context, const std::string& key) {
  if (context.options.passphrase_file.empty()) return std::string{key};
  TRY(const auto secret, passphrase(context.options.passphrase_file, true));
  return certs::seal(key, secret);
}

/// The key of the CA; its passphrase is asked for when it is encrypted.
Result<std::string> read_key(const Context& context, const std::string& path) {
  TRY(const auto text, read_file_or_input(path, most_bytes));
  if (text.starts_with("-----BEGIN ")) return text;
  TRY(const auto secret, passphrase(context.options.passphrase_file, false));
  return certs::unseal(text, secret).map_error(about(path));
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(errno, path + ": cannot be made");
  return {};
}

/// The key first: one that is there already stays, and so does its certificate.
Result<void> write_authority(const Context& context, const certs::Issued& issued) {
  const auto& folder = context.options.authority;
  TRY(const auto key, written(context, issued.key));
  TRY(make_folder(folder));
  TRY(create_file(folder + "/ca.key", key, 0600));
  return create_file(folder + "/ca.crt", issued.certificate, 0644);
}

/// box.csr gives box.crt.
std::string output_of(const Options& options) {
  if (!options.output.empty()) return options.output;
  const auto& file = options.file;
  if (file == "-") return file;
  return (file.ends_with(".csr") ? file.substr(0, file.size() - 4) : file) + ".crt";
}

Result<std::string> sign(const Context& context, std::string& authority) {
  const auto& [options, system, screen, now] = context;
  TRY(const auto request, read_file_or_input(options.file, most_bytes));
  TRY(authority, read_file_or_input(options.authority + "/ca.crt", most_bytes));
  TRY(const auto key, read_key(context, options.authority + "/ca.key"));
  return certs::sign_request(request, authority, key, moment(context))
      .map_error(about(options.file));
}

}  // namespace

Attempt<ExitCode> ca_init_verb(Context& context) {
  const auto& options = context.options;
  TRY(const auto settings, with_flags({}, options.flags).map_error(stop_with(usage)));
  if (settings.names.empty())
    return stop(usage, "--name HOST says which server the CA is for: `ca sign` signs for no other");
  TRY(const auto issued,
      certs::issue_ca({settings.names, settings.addresses}, settings.key, moment(context)));
  TRY(write_authority(context, issued));
  const auto& folder = options.authority;
  const auto made = describe(issued.certificate);
  answer(context, JsonObject{}.add("folder", folder).add_json("authority", made.json),
         fmt::format("{}: a CA for {}\n{}", folder, fmt::join(settings.names, ", "), made.text));
  context.screen.progress << fmt::format(
      "`ca sign` signs for exactly the names and addresses given. The name constraints, by which "
      "clients judge, also\npermit every name below a host name (RFC 5280): whoever has the key "
      "can "
      "sign for those too.\n"
      "{0}/ca.key never leaves this machine: keep a copy where nobody else reads it.\n"
      "On the server: ntsbox-provision request --output box.csr; here: ntsbox-provision ca sign "
      "box.csr --authority {0}\n",
      folder);
  return done;
}

Attempt<ExitCode> ca_sign_verb(Context& context) {
  std::string authority;
  TRY(const auto leaf, sign(context, authority));
  const auto asked = describe(leaf);
  context.screen.progress << asked.text;
  if (!confirmed(context, "Sign this?"))
    return declined(context, "nothing was written; --yes signs without asking");
  const auto path = output_of(context.options);
  TRY(write_file_or_output(path, leaf + authority, 0644));
  answer(context, JsonObject{}.add("file", path).add_json("certificate", asked.json), "");
  context.screen.progress << fmt::format(
      "Take {0} to the server, and there: ntsbox-provision import {0}\n", path);
  return done;
}

}  // namespace ntsbox::provision
