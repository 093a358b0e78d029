#include "provision/core/backup.h"

#include <fmt/format.h>

#include <set>
#include <string_view>
#include <utility>

#include "certs/inspect.h"

namespace ntsbox::provision {
namespace {

constexpr char folder[] = "ntsbox-backup";

struct SlotFolder {
  const char* name;
  Slot Backup::*slot;
  const char* place;
};

constexpr SlotFolder slot_folders[] = {{"pki", &Backup::current, pki_folder},
                                       {"pki/next", &Backup::next, next_folder}};

struct Text {
  const char* path;
  std::optional<std::string> Backup::*text;
};

constexpr Text texts[] = {{"ntsbox-backup/provision.toml", &Backup::settings},
                          {"ntsbox-backup/ntsboxd.toml", &Backup::daemon_settings}};

/// Where in `backup` the file at `path` belongs; null for what no backup holds.
std::string* place_in(Backup& backup, std::string_view path) {
  for (const auto& [name, slot, place] : slot_folders)
    for (const auto& file : slot_files)
      if (path == fmt::format("{}/{}/{}", folder, name, file.name))
        return &(backup.*slot.*file.content);
  for (const auto& [name, text] : texts)
    if (path == name) return &(backup.*text).emplace();
  return nullptr;
}

bool is_ours(const Member& member) {
  if (member.kind == Member::Kind::file) return true;
  return member.path == folder || member.path == fmt::format("{}/pki", folder) ||
         member.path == fmt::format("{}/pki/next", folder);
}

Result<void> check(const Slot& slot) {
  return slot.certificate.empty() ? Result<void>{} : certs::check_pair(slot.certificate, slot.key);
}

}  // namespace

std::vector<Member> backup_members(const Backup& backup) {
  std::vector<Member> members{{folder, "", Member::Kind::folder, 0700}};
  for (const auto& [name, slot, place] : slot_folders) {
    if (backup.*slot == Slot{}) continue;
    members.push_back({fmt::format("{}/{}", folder, name), "", Member::Kind::folder, 0700});
    for (const auto& [file, content, mode, secret] : slot_files)
      if (!(backup.*slot.*content).empty())
        members.push_back({fmt::format("{}/{}/{}", folder, name, file), backup.*slot.*content,
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
    if (!is_ours(member)) return fail("a folder in it that no box puts there");
    if (member.kind == Member::Kind::folder) continue;
    auto* place = place_in(backup, member.path);
    if (!place) return fail("a file in it that no box puts there");
    *place = member.content;
  }
  if (backup.current.certificate.empty()) return fail("no key and certificate in it");
  for (const auto* slot : {&backup.current, &backup.next})
    if (const auto pair = check(*slot); !pair) return tl::unexpected(pair.error());
  return backup;
}

Result<Settings> settings_of(const Backup& backup, const std::string& file) {
  auto settings = parse_settings(backup.settings.value_or(""), file);
  if (!settings || !settings->names.empty()) return settings;
  const auto summary = certs::inspect(backup.current.certificate);
  if (!summary) return tl::unexpected(summary.error());
  settings->names = summary->hosts;
  settings->addresses = summary->addresses;
  return settings;
}

Plan restore_plan(const Backup& backup) {
  Plan plan;
  plan.partial = true;
  for (const auto& [name, slot, place] : slot_folders) {
    if (backup.*slot != Slot{})
      plan.resources.emplace_back(Folder{place, 0700, "root", "root", "root's alone"});
    put_slot(plan, place, backup.*slot, "from the backup");
  }
  if (backup.daemon_settings) {
    File file;
    file.path = restored_daemon_settings;
    file.content = *backup.daemon_settings;
    file.why = "as its owner edited it";
    plan.resources.emplace_back(std::move(file));
  }
  return plan;
}

}  // namespace ntsbox::provision
