#include "provision/core/trust_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "provision/core/settings.h"

namespace ntsbox::provision {
namespace {

constexpr char conf_folder[] = "/etc/chrony/conf.d";
constexpr char sources_folder[] = "/etc/chrony/sources.d";
constexpr char nts_folder[] = "/etc/chrony/nts";
constexpr char trusted_folder[] = "/etc/chrony/nts/trusted";

constexpr char no_dates_note[] =
    "nocerttimecheck 1 holds for every NTS server of this machine, and not for this one alone: "
    "chronyd checks no certificate's dates until it has set the clock once";

bool names_folder(const std::vector<std::string>& directive, std::string_view key,
                  std::string_view folder) {
  if (directive.front() != key) return false;
  return std::any_of(directive.begin() + 1, directive.end(), [folder](const std::string& word) {
    return word == folder || word == std::string{folder} + "/";
  });
}

/// Fails unless chrony.conf reads both folders that files of ours are written to.
Result<void> check_folders(const ClientFacts& facts) {
  const auto all = directives(*facts.chrony_conf);
  std::vector<std::string> missing;
  for (const auto& [key, folder] :
       {std::pair{"confdir", conf_folder}, std::pair{"sourcedir", sources_folder}})
    if (std::none_of(all.begin(), all.end(),
                     [&](const auto& words) { return names_folder(words, key, folder); }))
      missing.push_back(fmt::format("`{} {}`", key, folder));
  if (missing.empty()) return {};
  return fail(fmt::format("{} does not have {}. Hint: add that to it, a line each, then again",
                          facts.chrony_conf_path, fmt::join(missing, " and ")));
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
  TRY(check_folders(facts));

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
  if (bundle.no_rtc) plan.notes.emplace_back(no_dates_note);
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
