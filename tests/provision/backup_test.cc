#include "provision/core/backup.h"

#include <algorithm>
#include <functional>

#include "certs/issue.h"
#include "certs/sealed.h"
#include "provision/io/archive.h"
#include "provision/io/pki.h"
#include "tests/provision/support/memory_system.h"
#include "tests/provision/support/small_plan.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr UtcSecond now{seconds{1'798'761'600}};

Identity pin() {
  const auto made = certs::issue_pin({{"box.test", "box"}, {"192.0.2.7"}}, certs::KeyKind::p256,
                                     {now, now, false});
  REQUIRE(made);
  return {made->key, made->certificate, {}, {}};
}

const Backup& full() {
  static const Backup backup{pin(), pin(), "allow = [\"10.0.0.0/8\"]\n",
                             "[pulse]\ncable_delay_ns = 100\n"};
  return backup;
}

std::string refusal(const std::function<void(std::vector<Member>&)>& spoil) {
  auto members = backup_members(full());
  spoil(members);
  const auto parsed = parse_backup(members);
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("a backup says the same after it was packed, sealed and opened", "[provision][backup]") {
  const auto packed = pack(backup_members(full()), false);
  REQUIRE(packed);
  const auto sealed = certs::seal(*packed, "several plain words");
  REQUIRE(sealed);
  CHECK_THAT(*sealed, !ContainsSubstring("PRIVATE KEY"));
  CHECK_FALSE(certs::unseal(*sealed, "several other words"));
  const auto opened = certs::unseal(*sealed, "several plain words");
  REQUIRE(opened);
  const auto members = unpack(*opened);
  REQUIRE(members);
  const auto backup = parse_backup(*members);
  REQUIRE(backup);
  CHECK(*backup == full());
}

TEST_CASE("what no server puts in a backup is refused", "[provision][backup]") {
  CHECK(refusal([](auto&) {}).empty());
  CHECK_THAT(refusal([](auto& all) {
               all.push_back({"ntsbox-backup/etc/shadow", "x"});
             }),
             ContainsSubstring("no server puts there"));
  CHECK_THAT(refusal([](auto& all) {
               all.push_back({"ntsbox-backup/pki/../../x", "x"});
             }),
             ContainsSubstring("no server puts there"));
  CHECK_THAT(refusal([](auto& all) {
               all.push_back({"etc", "", Member::Kind::folder, 0755});
             }),
             ContainsSubstring("folder"));
  CHECK_THAT(refusal([](auto& all) { all.push_back(all.back()); }), ContainsSubstring("twice"));
  CHECK_THAT(refusal([](auto& all) { all.clear(); }), ContainsSubstring("no key"));
  CHECK_FALSE(refusal([](auto& all) {
                for (auto& each : all)
                  if (each.path == "ntsbox-backup/pki/server.key") each.content = pin().key;
              }).empty());
}

TEST_CASE("a box that had its names by its host name is named after a restore",
          "[provision][backup]") {
  const auto settings = settings_of(full(), "backup");
  REQUIRE(settings);
  CHECK(settings->names == std::vector<std::string>{"box.test", "box"});
  CHECK(settings->addresses == std::vector<std::string>{"192.0.2.7"});
  auto named = full();
  named.settings = "name = [\"other.test\"]\n";
  CHECK(settings_of(named, "backup")->names == std::vector<std::string>{"other.test"});
  named.settings = "nonsense";
  CHECK_FALSE(settings_of(named, "backup"));
}

TEST_CASE("a restore puts both identities where they were, and can be rolled back",
          "[provision][backup]") {
  MemorySystem machine;
  for (const char* path : {"/etc", "/var", "/var/lib"}) machine.folder(path);
  const auto before = machine.entries;
  REQUIRE(apply_with_lock(machine, restore_plan(full())));
  const auto pki = read_pki(machine);
  REQUIRE(pki);
  CHECK(pki->current == full().current);
  CHECK(pki->next == full().next);
  CHECK(machine.entries.at("/etc/ntsbox/pki").mode == 0700);
  CHECK(machine.entries.at("/etc/ntsbox/pki/server.key").mode == 0600);
  CHECK(machine.entries.at(restored_daemon_settings).content == full().daemon_settings);
  REQUIRE(undo_with_lock(machine, false));
  CHECK(machine.entries == before);
}
