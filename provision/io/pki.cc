#include "provision/io/pki.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "provision/core/paths.h"

namespace ntsbox::provision {
namespace {

Result<Settings> settings_in(System& system, const std::string& path, const Flags& flags) {
  TRY(const auto text, system.read(path));
  auto settings = parse_settings(text.value_or(""), path);
  return settings ? with_flags(std::move(*settings), flags) : settings;
}

/// The primary name: `wanted` as far as the certificate in service has it, else that one's own.
/// Until the next one serves, clients find the server by the names of this one.
Result<std::string> name_in(const std::string& certificate,
                            const std::vector<std::string>& wanted) {
  const auto summary = certs::inspect(certificate);
  if (!summary) return fail(std::string{pki_certificate} + ": " + summary.error().message);
  for (const auto& name : wanted)
    if (certs::covers(*summary, name)) return name;
  if (!summary->hosts.empty()) return summary->hosts.front();
  if (!summary->addresses.empty()) return summary->addresses.front();
  return fail(std::string{pki_certificate} + ": names nobody");
}

Result<Identity> read_identity(System& system, const std::string& folder) {
  Identity identity;
  for (const auto& file : identity_files) {
    TRY(auto text, system.read(folder + "/" + file.name));
    identity.*file.content = std::move(text).value_or("");
  }
  return identity;
}

}  // namespace

Result<Pki> read_pki(System& system) {
  Pki pki;
  for (const auto& [folder, identity] : {std::pair{pki_folder, &pki.current},
                                         {next_folder, &pki.next},
                                         {previous_folder, &pki.previous}}) {
    TRY(auto found, read_identity(system, folder));
    *identity = std::move(found);
  }
  return pki;
}

Result<Bundle> server_bundle(System& system, const std::string& settings_path, const Flags& flags,
                             UtcSecond now) {
  TRY(const auto settings, settings_in(system, settings_path, flags));
  TRY(const auto pki, read_pki(system));
  if (pki.current.certificate.empty())
    return fail("this server has no certificate yet: run ntsbox-provision first");
  TRY(auto name, name_in(pki.current.certificate, settings.names));
  // `--name ''` asks for no name.
  if (flags.contains("name") && !settings.names.empty() && name != settings.names.front())
    return fail(fmt::format(
        "the certificate in service is not for {}: ntsbox-provision renew makes one that is",
        settings.names.front()));
  return make_bundle(name, trust_set(pki, now), settings.client_no_rtc, now);
}

}  // namespace ntsbox::provision
