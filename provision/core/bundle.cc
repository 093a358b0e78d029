#include "provision/core/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "provision/core/facts.h"
#include "provision/core/server_files.h"
#include "provision/core/settings.h"
#include "provision/core/texts.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_certificates = 4;
constexpr std::string_view private_key = "PRIVATE KEY-----";
constexpr std::string_view sources_file = "ntsbox.sources";
constexpr std::string_view trust_file = "ntsbox-trust.conf";
constexpr Version extension_f323{4, 2, 0};

/// One certificate, as split_chain() gives it.
Result<void> add_one(Bundle& bundle, const std::string& pem, UtcSecond now) {
  TRY(auto summary, certs::inspect(pem));
  if (summary.not_after < now)
    return fail(fmt::format(
        "the certificate has expired on {}: make a new one on the server (ntsbox-provision renew)",
        format_iso_utc(summary.not_after)));
  const auto same = [&summary](const Trusted& other) {
    return other.summary.fingerprint == summary.fingerprint;
  };
  if (std::any_of(bundle.trusted.begin(), bundle.trusted.end(), same)) return {};
  if (bundle.trusted.size() == most_certificates)
    return fail(fmt::format("more than {} certificates", most_certificates));
  bundle.trusted.push_back({pem, std::move(summary)});
  return {};
}

/// All that a PEM text holds: what was not looked at is not handed on.
Result<void> add(Bundle& bundle, const std::string& text, UtcSecond now) {
  if (text.find(private_key) != std::string::npos) return fail("holds a private key");
  TRY(const auto parts, certs::split_chain(text));
  for (const auto& pem : parts) TRY(add_one(bundle, pem, now));
  return {};
}

/// A file of a bundle that came in. Readers of PEM differ in what they skip: only what has no room
/// for anything else is read.
Result<void> add_exact(Bundle& bundle, const std::string& text, UtcSecond now) {
  TRY(const auto parts, certs::split_chain(text));
  if (parts.size() != 1 || parts.front() != text)
    return fail("is not one certificate as a server writes it");
  return add_one(bundle, text, now);
}

/// A CA's certificate names nobody; the handshake decides about those that it signed.
bool is_for(const Trusted& trusted, const std::string& server) {
  return trusted.summary.is_ca || certs::covers(trusted.summary, server);
}

Result<Bundle> checked(Bundle bundle) {
  if (bundle.trusted.empty()) return fail("no certificate in it");
  const auto& list = bundle.trusted;
  if (std::none_of(list.begin(), list.end(),
                   [&](const Trusted& one) { return is_for(one, bundle.server); }))
    return fail(fmt::format("none of its certificates is for {}", bundle.server));
  return bundle;
}

bool is_certificate_file(std::string_view name) {
  return name.size() > 4 && name.size() <= 100 && name.ends_with(".crt") && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == '_';
         });
}

/// One line of the .sources file, of which only the server is taken over.
Result<std::string> read_source(std::string_view text) {
  const auto lines = directives(text);
  if (lines.size() != 1 || lines.front().size() < 2 || lines.front().front() != "server")
    return fail(fmt::format("{}: must hold one line, `server NAME ...`", sources_file));
  static const std::set<std::string, std::less<>> flags{"iburst", "nts", "xleave"};
  static const std::set<std::string, std::less<>> numbers{"certset", "minpoll", "maxpoll"};
  const auto& words = lines.front();
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto& word = words[i];
    if (numbers.contains(word) && i + 1 < words.size() && number_in(words[i + 1], 0, 1'000'000))
      ++i;
    else if (!flags.contains(word))
      return fail(fmt::format("{}: an option that no server writes", sources_file));
  }
  if (std::find(words.begin(), words.end(), "nts") == words.end())
    return fail(fmt::format("{}: the server is not asked for NTS", sources_file));
  auto server = host_or_address(words[1]);
  if (!server) return fail(fmt::format("{}: {}", sources_file, server.error().message));
  return server;
}

/// Whether the certificate's dates are not to be checked before the clock is set.
Result<bool> read_trust(std::string_view text) {
  bool no_rtc = false;
  for (const auto& words : directives(text)) {
    if (words.front() == "ntstrustedcerts") continue;
    if (words != std::vector<std::string>{"nocerttimecheck", "1"})
      return fail(fmt::format("{}: a directive that no server writes", trust_file));
    no_rtc = true;
  }
  return no_rtc;
}

std::string trust_conf(const Bundle& bundle) {
  return fmt::format("ntstrustedcerts 1 /etc/chrony/nts/trusted/{}\n{}", bundle.server,
                     bundle.no_rtc ? "nocerttimecheck 1\n" : "");
}

std::vector<std::string> names_of(const certs::Summary& summary) {
  auto names = summary.hosts;
  names.insert(names.end(), summary.addresses.begin(), summary.addresses.end());
  return names;
}

/// What a CA's signature is good for.
std::vector<std::string> signed_names(const certs::SigningScope& scope) {
  std::vector<std::string> names;
  if (scope.any_host) names.emplace_back("every host name");
  for (const auto& host : scope.hosts) names.push_back(host + " and every name below it");
  if (scope.any_address) names.emplace_back("every address");
  names.insert(names.end(), scope.addresses.begin(), scope.addresses.end());
  return names;
}

std::string kind_and_names(const certs::Summary& summary) {
  const auto names = names_of(summary);
  if (!summary.is_ca)
    return fmt::format("server certificate\n  names        {}\n", fmt::join(names, ", "));
  return fmt::format(
      "CA certificate: what it signs is trusted too\n{}  signs for    {}\n",
      names.empty() ? "" : fmt::format("  names        {}\n", fmt::join(names, ", ")),
      fmt::join(signed_names(summary.scope), ", "));
}

/// The files of the certificates, for install.sh: as commands that write them below "$1".
std::string here_documents(const Bundle& bundle) {
  std::string text;
  for (const auto& trusted : bundle.trusted)
    text += fmt::format("    cat > \"$1/{}\" << 'PEM'\n{}PEM\n", certificate_file(trusted),
                        trusted.pem);
  return text;
}

std::string installer(const Bundle& bundle) {
  std::vector<std::string> files;
  for (const auto& trusted : bundle.trusted) files.push_back(certificate_file(trusted));
  return filled(install_sh, {{"@SERVER@", bundle.server},
                             {"@CHECK@", bundle.no_rtc ? "nocerttimecheck 1" : ""},
                             {"@FILES@", fmt::format("{}", fmt::join(files, " "))},
                             {"@CERTIFICATES@\n", here_documents(bundle)},
                             {"@WORDS@\n", in_words(bundle)}});
}

/// The paths below the bundle's folder, each once; the rest is refused.
Result<std::vector<const Member*>> known_members(const std::vector<Member>& members) {
  static const std::set<std::string, std::less<>> files{"README", "install.sh", "fingerprints",
                                                        "ntsbox.sources", "ntsbox-trust.conf"};
  std::set<std::string_view> seen;
  std::vector<const Member*> known;
  for (const auto& member : members) {
    if (!seen.insert(member.path).second) return fail("a file that is in it twice");
    const std::string_view path = member.path;
    if (member.kind == Member::Kind::folder &&
        (path == "ntsbox-bundle" || path == "ntsbox-bundle/trusted"))
      continue;
    constexpr std::string_view folder = "ntsbox-bundle/";
    constexpr std::string_view trusted = "ntsbox-bundle/trusted/";
    const bool expected =
        (path.starts_with(trusted) && is_certificate_file(path.substr(trusted.size()))) ||
        (path.starts_with(folder) && files.contains(path.substr(folder.size())));
    if (member.kind != Member::Kind::file || !expected)
      return fail("a file, link or folder in it that no server puts there");
    if (member.content.find(private_key) != std::string::npos)
      return fail(
          "a private key in it: whoever has that can pose as the server; make a new certificate "
          "there (ntsbox-provision renew)");
    known.push_back(&member);
  }
  return known;
}

}  // namespace

Result<Bundle> make_bundle(const std::string& server, const std::vector<std::string>& pems,
                           bool no_rtc, UtcSecond now) {
  Bundle bundle{server, {}, no_rtc};
  for (const auto& text : pems) TRY(add(bundle, text, now));
  return checked(std::move(bundle));
}

std::vector<Member> bundle_members(const Bundle& bundle) {
  const std::string folder = bundle_folder;
  std::vector<Member> members{
      {folder, "", Member::Kind::folder, 0755},
      {folder + "/README", filled(bundle_readme_txt, {{"@SERVER@", bundle.server}})},
      {folder + "/install.sh", installer(bundle), Member::Kind::file, 0755},
      {folder + "/fingerprints", in_words(bundle)},
      {folder + "/ntsbox.sources", source_line(bundle.server, 1, oldest_client)},
      {folder + "/ntsbox-trust.conf", trust_conf(bundle)},
      {folder + "/trusted", "", Member::Kind::folder, 0755}};
  for (const auto& trusted : bundle.trusted)
    members.push_back({folder + "/trusted/" + certificate_file(trusted), trusted.pem});
  return members;
}

Result<Bundle> parse_bundle(const std::vector<Member>& members, UtcSecond now) {
  TRY(const auto known, known_members(members));
  Bundle bundle;
  bool trust_found = false;
  for (const auto* member : known) {
    const auto name = std::string_view{member->path}.substr(sizeof bundle_folder);
    Result<void> taken;
    if (name == sources_file) {
      TRY(auto server, read_source(member->content));
      bundle.server = std::move(server);
    } else if (name == trust_file) {
      TRY(const auto no_rtc, read_trust(member->content));
      bundle.no_rtc = no_rtc;
      trust_found = true;
    } else if (name.ends_with(".crt")) {
      taken = add_exact(bundle, member->content, now);
    }
    if (!taken) return fail(fmt::format("{}: {}", name, taken.error().message));
  }
  if (bundle.server.empty() || !trust_found)
    return fail(fmt::format("no {} or no {} in it", sources_file, trust_file));
  return checked(std::move(bundle));
}

std::string source_line(const std::string& server, unsigned certset, const Version& chrony) {
  return fmt::format("server {} iburst nts certset {} minpoll 4 maxpoll 6 xleave{}\n", server,
                     certset, chrony >= extension_f323 ? " extfield F323" : "");
}

std::string certificate_file(const Trusted& trusted) {
  std::string name;
  for (const char c : trusted.summary.fingerprint)
    if (c != ':' && name.size() < 32) name += c;
  return name + ".crt";
}

std::string in_words(const Bundle& bundle) {
  std::string text;
  for (const auto& [pem, summary] : bundle.trusted)
    text += fmt::format(
        "{}  valid        {} to {}\n  certificate  SHA-256 {}\n  public key   SHA-256 {}\n",
        kind_and_names(summary), format_iso_utc(summary.not_before),
        format_iso_utc(summary.not_after), summary.fingerprint, summary.key_fingerprint);
  return text;
}

std::string in_json(const Bundle& bundle) {
  return json_array(bundle.trusted, [](const Trusted& trusted) {
    const auto& summary = trusted.summary;
    JsonObject object;
    object.add_json("names", json_array(names_of(summary))).add("ca", summary.is_ca);
    if (summary.is_ca) object.add_json("signs_for", json_array(signed_names(summary.scope)));
    return object.add("not_before", summary.not_before)
        .add("not_after", summary.not_after)
        .add("certificate_sha256", summary.fingerprint)
        .add("public_key_sha256", summary.key_fingerprint)
        .text();
  });
}

}  // namespace ntsbox::provision
