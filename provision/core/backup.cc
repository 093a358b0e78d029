#include "provision/core/backup.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <utility>

#include "certs/inspect.h"
#include "provision/core/identity.h"

namespace ntsbox::provision {
namespace {

constexpr char folder[] = "ntsbox-backup";

struct IdentityFolder {
  const char* name;
  Identity Backup::*identity;
  const char* place;
};

constexpr IdentityFolder identity_folders[] = {{"pki", &Backup::current, pki_folder},
                                               {"pki/next", &Backup::next, next_folder}};

struct Text {
  const char* path;
  std::optional<std::string> Backup::*text;
};

constexpr Text texts[] = {{"ntsbox-backup/provision.toml", &Backup::settings},
                          {"ntsbox-backup/ntsboxd.toml", &Backup::daemon_settings}};

/// Where in `backup` the file at `path` belongs; null for what no backup holds.
std::string* place_in(Backup& backup, std::string_view path) {
  for (const auto& [name, identity, place] : identity_folders)
    for (const auto& file : identity_files)
      if (path == fmt::format("{}/{}/{}", folder, name, file.name))
        return &(backup.*identity.*file.content);
  for (const auto& [name, text] : texts)
    if (path == name) return &(backup.*text).emplace();
  return nullptr;
}

bool is_ours(const Member& member) {
  if (member.kind == Member::Kind::file) return true;
  return member.path == folder || member.path == fmt::format("{}/pki", folder) ||
         member.path == fmt::format("{}/pki/next", folder);
}

Result<void> check(const Identity& identity) {
  return identity.certificate.empty() ? Result<void>{}
                                      : certs::check_pair(identity.certificate, identity.key);
}

}  // namespace

std::vector<Member> backup_members(const Backup& backup) {
  std::vector<Member> members{{folder, "", Member::Kind::folder, 0700}};
  for (const auto& [name, identity, place] : identity_folders) {
    if (backup.*identity == Identity{}) continue;
    members.push_back({fmt::format("{}/{}", folder, name), "", Member::Kind::folder, 0700});
    for (const auto& [file, content, mode, secret] : identity_files)
      if (!(backup.*identity.*content).empty())
        members.push_back({fmt::format("{}/{}/{}", folder, name, file), backup.*identity.*content,
                           Member::Kind::file, mode});
  }
  for (const auto& [path, text] : texts)
    if (backup.*text) members.push_back({path, *(backup.*text), Member::Kind::file, 0644});
  return members;
}

Result<Backup> parse_backup(const std::vector<Member>& members) {
  Backup backup;
  std::set<std::string_view> seen;
  for (const auto& member : members) {
    if (!seen.insert(member.path).second) return fail("a file that is in it twice");
    if (!is_ours(member)) return fail("a folder in it that no server puts there");
    if (member.kind == Member::Kind::folder) continue;
    auto* place = place_in(backup, member.path);
    if (!place) return fail("a file in it that no server puts there");
    *place = member.content;
  }
  if (backup.current.certificate.empty()) return fail("no key and certificate in it");
  for (const auto* identity : {&backup.current, &backup.next}) TRY(check(*identity));
  return backup;
}

Result<Settings> settings_of(const Backup& backup, const std::string& file) {
  auto settings = parse_settings(backup.settings.value_or(""), file);
  if (!settings || !settings->names.empty()) return settings;
  TRY(const auto summary, certs::inspect(backup.current.certificate));
  settings->names = summary.hosts;
  settings->addresses = summary.addresses;
  return settings;
}

Plan restore_plan(const Backup& backup) {
  Plan plan;
  plan.partial = true;
  for (const auto& [name, identity, place] : identity_folders) {
    if (backup.*identity != Identity{})
      plan.resources.push_back(Resource::folder(place, 0700, "root's alone"));
    put_identity(plan, place, backup.*identity, "from the backup");
  }
  if (backup.daemon_settings)
    plan.resources.push_back(Resource::file(restored_daemon_settings, *backup.daemon_settings,
                                            "as its owner edited it"));
  return plan;
}

}  // namespace ntsbox::provision
