// The laws of a run over machines in memory: idempotent, reversible, polite, quiet; and what
// becomes of one whose every operation fails in turn.

#include "provision/io/apply.h"

#include <random>

#include "provision/io/generations.h"
#include "tests/provision/support/memory_system.h"
#include "tests/provision/support/small_plan.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;

namespace {

using Entries = std::map<std::string, Entry>;

MemorySystem bare_machine() {
  MemorySystem machine;
  for (const char* path : {"/etc", "/var", "/var/lib", "/etc/chrony", "/etc/systemd",
                           "/etc/systemd/system", "/boot", "/boot/firmware"})
    machine.folder(path);
  machine.file("/etc/chrony/chrony.conf", "pool debian\n");
  machine.file("/boot/firmware/config.txt", "enable_uart=1\n");
  return machine;
}

/// What is ours alone to keep.
Entries without_state(const MemorySystem& machine) {
  Entries entries;
  for (const auto& [path, entry] : machine.entries)
    if (path.rfind(state_folder, 0) != 0) entries.emplace(path, entry);
  return entries;
}

/// A machine with some of the plan's paths taken already, as anybody might have left them.
MemorySystem random_machine(std::mt19937& random) {
  auto machine = bare_machine();
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  const auto mode = [&] { return static_cast<unsigned>(random() % 01000); };
  for (const auto& resource : small_plan().resources) {
    const auto& path = resource.path;
    if (!chance(3)) continue;
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      if (machine.entries.count(path.substr(0, slash)) == 0)
        machine.folder(path.substr(0, slash), chance(2) ? 0755 : mode());
    if (resource.entry && resource.entry->kind == Entry::Kind::folder)
      machine.folder(path, mode());
    else if (chance(3))
      machine.entries[path] = Entry::link("/some/where");
    else
      machine.entries[path] = {Entry::Kind::file, mode(), chance(2) ? "root" : "pi", "root",
                               std::string("\0foreign", random() % 9)};
  }
  machine.file("/etc/foreign", "stays");
  if (chance(2)) machine.entries["/boot/firmware/config.txt"].modeless = true;
  return machine;
}

}  // namespace

TEST_CASE("a second run changes nothing, and rolling back gives every byte, mode and owner back") {
  std::mt19937 random{7};
  for (int life = 0; life < seeds(500); ++life) {
    auto machine = random_machine(random);
    const auto before = without_state(machine);
    const auto plan = small_plan(random() % 2 == 0 ? "10.0.0.0/8" : "192.168.0.0/16");
    const auto other = small_plan("172.16.0.0/12");

    REQUIRE(compare_with_machine(machine, plan, scope));
    CHECK(machine.writes.empty());  // quiet
    const auto first = apply_with_lock(machine, plan);
    REQUIRE(first);
    CHECK(first->generation == 1);
    CHECK(machine.entries.at("/etc/foreign").content == "stays");  // polite
    const auto once = without_state(machine);

    machine.writes.clear();
    const auto second = apply_with_lock(machine, plan);
    REQUIRE(second);
    CHECK(second->generation == 0);
    CHECK(machine.writes.empty());  // idempotent

    REQUIRE(apply_with_lock(machine, other));
    REQUIRE(undo_with_lock(machine, false));
    CHECK(without_state(machine) == once);  // reversible
    REQUIRE(apply_with_lock(machine, other));
    const auto undone = undo_with_lock(machine, true);
    REQUIRE(undone);
    CHECK(undone->edited.empty());
    CHECK(machine.entries == before);
  }
}

TEST_CASE("whatever operation fails, the run is rolled back or the next one completes it") {
  const auto count = [](const Plan& plan) {
    auto machine = bare_machine();
    REQUIRE(apply_with_lock(machine, plan));
    return machine.operations;
  };
  const auto plan = small_plan();
  auto whole = bare_machine();
  REQUIRE(apply_with_lock(whole, plan));
  const int operations = count(plan);
  REQUIRE(operations > 40);
  for (const int code : {ENOSPC, EIO, EROFS, EACCES, EINTR})
    for (const bool after_all : {false, true})
      for (int failing = 1; failing <= operations; ++failing) {
        auto machine = bare_machine();
        const auto before = machine.entries;
        machine.fail_from = failing;
        machine.fail_with = code;
        machine.after_all = after_all;
        const auto applied = apply_with_lock(machine, plan);
        if (!applied) CHECK(without_state(machine) == before);
        machine.fail_from = 0;
        REQUIRE(apply_with_lock(machine, plan));
        CHECK(without_state(machine) == without_state(whole));
      }
}

TEST_CASE("a disk that fails for good from some operation on is healed when it works again") {
  const auto plan = small_plan();
  auto whole = bare_machine();
  REQUIRE(apply_with_lock(whole, plan));
  for (int failing = 1; failing <= 120; ++failing) {
    auto machine = bare_machine();
    machine.fail_from = failing;
    machine.fail_count = 1'000'000;
    (void)apply_with_lock(machine, plan);
    machine.fail_from = 0;
    REQUIRE(apply_with_lock(machine, plan));
    CHECK(without_state(machine) == without_state(whole));
    machine.fail_from = machine.operations + failing;
    (void)undo_with_lock(machine, true);
    machine.fail_from = 0;
    REQUIRE(undo_with_lock(machine, true));
    CHECK(machine.entries == bare_machine().entries);
  }
}

TEST_CASE("a file of ours that somebody edited stays, with ours beside it") {
  auto machine = bare_machine();
  REQUIRE(apply_with_lock(machine, small_plan()));
  machine.entries["/etc/chrony/chrony.conf"].content = "mine now\n";
  const auto applied = apply_with_lock(machine, small_plan("192.168.0.0/16"));
  REQUIRE(applied);
  CHECK(applied->edited == std::vector<std::string>{"/etc/chrony/chrony.conf"});
  CHECK(machine.entries["/etc/chrony/chrony.conf"].content == "mine now\n");
  CHECK(machine.entries["/etc/chrony/chrony.conf.ntsbox-new"].content == "allow 192.168.0.0/16\n");

  SECTION("and taking ours over settles it") {
    machine.entries["/etc/chrony/chrony.conf"] =
        machine.entries["/etc/chrony/chrony.conf.ntsbox-new"];
    const auto settled = apply_with_lock(machine, small_plan("192.168.0.0/16"));
    REQUIRE(settled);
    CHECK(settled->edited.empty());
    CHECK(machine.entries.count("/etc/chrony/chrony.conf.ntsbox-new") == 0);
  }
  SECTION("and uninstalling leaves it, with what was there before us beside it") {
    const auto undone = undo_with_lock(machine, true);
    REQUIRE(undone);
    CHECK_FALSE(undone->edited.empty());
    CHECK(machine.entries["/etc/chrony/chrony.conf"].content == "mine now\n");
    CHECK(machine.entries["/etc/chrony/chrony.conf.ntsbox-original"].content == "pool debian\n");
    CHECK(machine.entries.count("/etc/chrony/chrony.conf.ntsbox-new") == 0);
  }
}

TEST_CASE("a shared file is edited from what is there now, whoever changed it") {
  auto machine = bare_machine();
  REQUIRE(apply_with_lock(machine, small_plan()));
  machine.entries["/boot/firmware/config.txt"].content = "arm_freq=600\n";
  const auto applied = apply_with_lock(machine, small_plan());
  REQUIRE(applied);
  CHECK(applied->edited.empty());
  CHECK(applied->reboot);
}

TEST_CASE("what the plan no longer speaks of becomes what it was, the master copies excepted") {
  auto machine = bare_machine();
  REQUIRE(apply_with_lock(machine, small_plan()));
  const auto applied = apply_with_lock(machine, Plan{});
  REQUIRE(applied);
  auto left = without_state(machine);
  for (const char* path : {"/etc/ntsbox/pki/server.key", "/etc/ntsbox/pki/server.crt",
                           "/etc/ntsbox/pki", "/etc/ntsbox"})
    CHECK(left.erase(path) == 1);
  CHECK(left == bare_machine().entries);
}

TEST_CASE("uninstalling keeps the master copies when asked to, also when it is cut short") {
  for (int failing = 0; failing <= 60; ++failing) {
    auto machine = bare_machine();
    REQUIRE(apply_with_lock(machine, small_plan()));
    machine.operations = 0;
    machine.fail_from = failing;
    machine.fail_count = 1'000'000;
    (void)undo_with_lock(machine, true, true);
    machine.fail_from = 0;
    REQUIRE(undo_with_lock(machine, true, true));
    CHECK(machine.entries.count("/etc/ntsbox/pki/server.key") == 1);
    CHECK(machine.entries.count("/etc/chrony/nts/server.key") == 0);
    CHECK(machine.entries.count(state_folder) == 0);
  }
}

TEST_CASE("nothing is placed that its own program does not accept") {
  auto machine = bare_machine();
  const auto before = machine.entries;
  machine.program = [&](const auto& command) {
    CHECK(command.back() == "/etc/chrony/chrony.conf.ntsbox-staged");
    CHECK(machine.entries.count(command.back()) == 1);
    return Ran{1, "Invalid directive"};
  };
  const auto applied = apply_with_lock(machine, small_plan());
  REQUIRE_FALSE(applied);
  CHECK_THAT(applied.error().message, Catch::Matchers::ContainsSubstring("Invalid directive"));
  CHECK(machine.entries == before);
}

TEST_CASE("units follow their files on a live machine, and go back with them") {
  auto machine = bare_machine();
  machine.program = [](const auto& command) {
    return Ran{command.back() == "ntsboxd.service" && command[1] == "is-active" ? 3 : 0, {}};
  };
  const auto run = run_on(machine, true);
  const auto said = [&](const char* verb, const char* unit) {
    return std::count(machine.commands.begin(), machine.commands.end(),
                      std::vector<std::string>{"systemctl", verb, unit});
  };
  {
    const auto lock = StateLock::acquire(machine);
    REQUIRE(apply(run, small_plan(), scope));
    CHECK(said("restart", "chrony.service") == 1);
    CHECK(said("start", "ntsboxd.service") == 1);
    REQUIRE(roll_back(run));
  }
  CHECK(said("restart", "chrony.service") == 2);
  CHECK(said("stop", "ntsboxd.service") == 1);
  CHECK(std::count(machine.commands.begin(), machine.commands.end(),
                   std::vector<std::string>{"systemctl", "daemon-reload"}) == 2);
}

TEST_CASE("a unit that will not start has the run rolled back") {
  auto machine = bare_machine();
  const auto before = machine.entries;
  machine.program = [](const auto& command) {
    return Ran{command[1] == "start" ? 1 : 0, "Job failed"};
  };
  {
    const auto lock = StateLock::acquire(machine);
    REQUIRE_FALSE(apply(run_on(machine, true), small_plan(), scope));
  }
  CHECK(machine.entries == before);
}

TEST_CASE("a run that is asked to stop has rolled back what it did") {
  for (int steps = 0; steps < 11; ++steps) {
    auto machine = bare_machine();
    const auto before = machine.entries;
    {
      const auto lock = StateLock::acquire(machine);
      auto run = run_on(machine);
      run.stop = [left = steps]() mutable { return left-- == 0; };
      REQUIRE_FALSE(apply(run, small_plan(), scope));
    }
    CHECK(machine.entries == before);
  }
}

TEST_CASE("a state folder that others could have written in is not believed") {
  auto machine = bare_machine();
  machine.folder(state_folder, 0755);
  const auto applied = apply_with_lock(machine, small_plan());
  REQUIRE_FALSE(applied);
  CHECK_THAT(applied.error().message, Catch::Matchers::ContainsSubstring("root's alone"));
}

TEST_CASE("an original that was damaged on the disk is not put back") {
  auto machine = bare_machine();
  REQUIRE(apply_with_lock(machine, small_plan()));
  for (auto& [path, entry] : machine.entries)
    if (path.find(".original") != std::string::npos && entry.content == "pool debian\n")
      entry.content = "pool evil\n";
  const auto undone = undo_with_lock(machine, false);
  REQUIRE_FALSE(undone);
  CHECK_THAT(undone.error().message, Catch::Matchers::ContainsSubstring("damaged"));
}

TEST_CASE("a folder or a device in the place of a file is refused before anything is touched") {
  for (const auto kind : {Entry::Kind::folder, Entry::Kind::other}) {
    auto machine = bare_machine();
    machine.entries["/etc/chrony/chrony.conf"].kind = kind;
    const auto before = machine.entries;
    REQUIRE_FALSE(apply_with_lock(machine, small_plan()));
    CHECK(machine.entries == before);
  }
}
