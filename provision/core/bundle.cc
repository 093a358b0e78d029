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
// Sets of trusted certificates, and more than one file of them (chrony NEWS, 4.1). What install.sh
// may rely on as well.
constexpr Version oldest_client{4, 1, 0};
constexpr Version extension_f323{4, 2, 0};

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

constexpr char chrony_conf[] = "/etc/chrony/chrony.conf";
constexpr char conf_folder[] = "/etc/chrony/conf.d";
constexpr char sources_folder[] = "/etc/chrony/sources.d";
constexpr char nts_folder[] = "/etc/chrony/nts";
constexpr char trusted_folder[] = "/etc/chrony/nts/trusted";

bool names_folder(const std::vector<std::string>& directive, std::string_view key,
                  std::string_view folder) {
  if (directive.front() != key) return false;
  return std::any_of(directive.begin() + 1, directive.end(), [folder](const std::string& word) {
    return word == folder || word == std::string{folder} + "/";
  });
}

Result<void> must_read(const std::string& conf, std::string_view key, const char* folder) {
  const auto all = directives(conf);
  if (std::any_of(all.begin(), all.end(),
                  [&](const auto& words) { return names_folder(words, key, folder); }))
    return {};
  return fail(fmt::format("{0} does not read {2}: add the line `{1} {2}` to it, then again",
                          chrony_conf, key, folder));
}

/// The sets of certificates that a configuration names.
void add_certsets(std::set<unsigned>& used, std::string_view text) {
  for (const auto& words : directives(text)) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != "certset" && (i != 0 || words[i] != "ntstrustedcerts")) continue;
      if (const auto number = number_in(words[i + 1], 0, 0xffff'ffff))
        used.insert(static_cast<unsigned>(*number));
    }
  }
}

/// The set that is this server's own: the one it has, or the first that is unused. Set 0 is the
/// system's.
unsigned certset_for(const TrustPaths& paths, const ClientFacts& facts) {
  std::set<unsigned> own;
  if (const auto conf = facts.conf_files.find(paths.conf); conf != facts.conf_files.end())
    add_certsets(own, conf->second);
  own.erase(0);
  if (!own.empty()) return *own.begin();
  std::set<unsigned> used;
  add_certsets(used, *facts.chrony_conf);
  for (const auto& [path, text] : facts.conf_files) add_certsets(used, text);
  unsigned free = 1;
  while (used.contains(free)) ++free;
  return free;
}

void add_certificates(Plan& plan, const Bundle& bundle, const TrustPaths& paths,
                      const ClientFacts& facts) {
  if (!facts.has_nts_folder)
    plan.resources.push_back(Resource::folder(nts_folder, 0755, "holds what is trusted"));
  plan.resources.push_back(Resource::folder(trusted_folder, 0755, "one folder a server"));
  plan.resources.push_back(
      Resource::folder(paths.folder, 0755, "the certificates of " + bundle.server));
  std::set<std::string> wanted;
  for (const auto& trusted : bundle.trusted) {
    const auto path = paths.folder + "/" + certificate_file(trusted);
    wanted.insert(path);
    plan.resources.push_back(
        Resource::file(path, trusted.pem,
                       fmt::format("authenticates {} until {}", bundle.server,
                                   format_iso_utc(trusted.summary.not_after))));
  }
  // After those that are new: at no time is there none.
  for (const auto& [path, text] : facts.trusted)
    if (!wanted.contains(path))
      plan.resources.push_back(Resource::absent(path, "is not in the bundle any more"));
}

UnitAction restart(std::string why) {
  return {UnitAction::Verb::restart, "chrony.service", {}, std::move(why)};
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
      {folder + "/README", filled(bundle_readme_txt, {{"@SERVER@", bundle.server},
                                                      {"@FINGERPRINTS@", fingerprints(bundle)}})},
      {folder + "/install.sh", std::string{install_sh}, Member::Kind::file, 0755},
      {folder + "/fingerprints", fingerprints(bundle)},
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
      taken = add(bundle, member->content, now);
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

std::string fingerprints(const Bundle& bundle) {
  std::string text;
  for (const auto& [pem, summary] : bundle.trusted) {
    const auto names = names_of(summary);
    text += fmt::format(
        "{}\n  valid        {} to {}\n  certificate  SHA-256 {}\n  public key   SHA-256 {}\n",
        names.empty() ? "a certification authority" : fmt::format("{}", fmt::join(names, ", ")),
        format_iso_utc(summary.not_before), format_iso_utc(summary.not_after), summary.fingerprint,
        summary.key_fingerprint);
  }
  return text;
}

std::string in_json(const Bundle& bundle) {
  return json_array(bundle.trusted, [](const Trusted& trusted) {
    const auto& summary = trusted.summary;
    return JsonObject{}
        .add_json("names", json_array(names_of(summary)))
        .add("not_before", summary.not_before)
        .add("not_after", summary.not_after)
        .add("certificate_sha256", summary.fingerprint)
        .add("public_key_sha256", summary.key_fingerprint)
        .text();
  });
}

TrustPaths::TrustPaths(const std::string& box)
    : folder(fmt::format("{}/{}", trusted_folder, box)),
      conf(fmt::format("{}/ntsbox-{}.conf", conf_folder, box)),
      sources(fmt::format("{}/ntsbox-{}.sources", sources_folder, box)) {}

Result<Plan> trust_plan(const Bundle& bundle, const std::string& server, const ClientFacts& facts) {
  if (!facts.chrony || !facts.chrony_conf)
    return fail("chrony is not installed here: apt-get install chrony, then again");
  if (*facts.chrony < oldest_client)
    return fail(
        fmt::format("chrony {}.{} cannot trust a certificate for one server alone: 4.1 or later is "
                    "needed (Debian 12 has 4.3)",
                    facts.chrony->major, facts.chrony->minor));
  TRY(must_read(*facts.chrony_conf, "confdir", conf_folder));
  TRY(must_read(*facts.chrony_conf, "sourcedir", sources_folder));

  const TrustPaths paths{bundle.server};
  const auto certset = certset_for(paths, facts);
  Plan plan;
  add_certificates(plan, bundle, paths, facts);
  plan.resources.push_back(Resource::file(
      paths.conf,
      fmt::format("ntstrustedcerts {} {}\n{}", certset, paths.folder,
                  bundle.no_rtc ? "nocerttimecheck 1\n" : ""),
      fmt::format("set {}: certificates that are good for {} alone", certset, bundle.server)));
  plan.resources.push_back(Resource::file(paths.sources,
                                          source_line(server, certset, *facts.chrony),
                                          "asks " + server + " for authenticated time"));
  // A handshake that has failed is tried again only after 2^10 s and more (chrony nts_ke.h).
  plan.units.push_back(
      restart("chronyd reads ntstrustedcerts when it starts, and then tries at once"));
  plan.notes.emplace_back(
      "one server is one opinion: a machine that must never be wrong has three or more");
  return plan;
}

Result<Plan> distrust_plan(const std::string& box, const ClientFacts& facts) {
  const TrustPaths paths{box};
  if (facts.trusted.empty() && !facts.conf_files.contains(paths.conf) &&
      !facts.conf_files.contains(paths.sources))
    return fail(fmt::format("{} is not trusted here: see the names under {}", box, trusted_folder));
  Plan plan;
  plan.resources.push_back(Resource::absent(paths.sources, "is not asked any more"));
  plan.resources.push_back(Resource::absent(paths.conf, "is not trusted any more"));
  for (const auto& [path, text] : facts.trusted)
    plan.resources.push_back(Resource::absent(path, "is not trusted any more"));
  plan.units.push_back(restart("forgets the settings of " + box + ""));
  return plan;
}

}  // namespace ntsbox::provision
