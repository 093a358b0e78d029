#include "provision/io/pki.h"

#include <vector>

#include "provision/core/paths.h"

namespace ntsbox::provision {
namespace {

Result<Settings> settings_in(System& system, const std::string& path, const Flags& flags) {
  const auto text = system.read(path);
  if (!text) return tl::unexpected(text.error());
  auto settings = parse_settings(text->value_or(""), path);
  return settings ? with_flags(std::move(*settings), flags) : settings;
}

/// The primary name, as the certificate has it.
Result<std::string> name_in(const std::string& certificate) {
  const auto summary = certs::inspect(certificate);
  if (!summary) return fail(std::string{pki_certificate} + ": " + summary.error().message);
  if (!summary->hosts.empty()) return summary->hosts.front();
  if (!summary->addresses.empty()) return summary->addresses.front();
  return fail(std::string{pki_certificate} + ": names nobody");
}

}  // namespace

Result<Bundle> bundle_of_this_box(System& system, const std::string& settings_path,
                                  const Flags& flags, UtcSecond now) {
  const auto settings = settings_in(system, settings_path, flags);
  if (!settings) return tl::unexpected(settings.error());
  const auto certificate = system.read(pki_certificate);
  if (!certificate) return tl::unexpected(certificate.error());
  if (!*certificate) return fail("this box has no certificate yet: run ntsbox-provision first");
  const auto authority = system.read(pki_authority);
  if (!authority) return tl::unexpected(authority.error());
  const auto next = system.read(pki_next_certificate);
  if (!next) return tl::unexpected(next.error());

  auto name = name_in(**certificate);
  if (!name) return tl::unexpected(name.error());
  if (!settings->names.empty()) name = settings->names.front();
  // Whoever trusts the authority trusts what it signs next as well.
  std::vector<std::string> pems{settings->ca && *authority ? **authority : **certificate};
  if (*next && !settings->ca) pems.push_back(**next);
  return make_bundle(*name, pems, settings->client_no_rtc, now);
}

}  // namespace ntsbox::provision
