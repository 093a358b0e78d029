// The real body of System on a tree of the test's own. Runs as any user; what only root can do is
// tested in kill_test.py and in the tests on images.

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "provision/io/system.h"
#include "tests/provision/support/small_plan.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;
using TempFolder = ntsbox::test::Folder;
namespace fs = std::filesystem;

namespace {

std::string me() {
  return ::geteuid() == 0 ? "root" : std::to_string(::geteuid());
}

std::string my_group() {
  return ::getegid() == 0 ? "root" : std::to_string(::getegid());
}

Entry my_file(const std::string& content, unsigned mode = 0644) {
  return {Entry::Kind::file, mode, me(), my_group(), content};
}

Entry my_folder() {
  return {Entry::Kind::folder, 0755, me(), my_group(), {}};
}

std::unique_ptr<System> system_at(const std::string& root, const std::string& boot = "") {
  auto system = open_system(root, boot);
  REQUIRE(system);
  return std::move(*system);
}

std::string text_of(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Everything about a tree that a misdirected write would change.
std::map<std::string, std::string> fingerprint(const fs::path& tree) {
  std::map<std::string, std::string> found;
  for (const auto& each : fs::recursive_directory_iterator{tree}) {
    struct stat status {};

    REQUIRE(::lstat(each.path().c_str(), &status) == 0);
    found[each.path()] = std::to_string(status.st_mode) + " " + std::to_string(status.st_ino) +
                         " " + std::to_string(status.st_mtim.tv_nsec) + " " +
                         std::to_string(status.st_ctim.tv_nsec) + " " +
                         (each.is_regular_file() && !each.is_symlink() ? text_of(each.path()) : "");
  }
  return found;
}

/// A tree in which a plan can be applied by an ordinary user as well: its root is the user.
struct Tree {
  Tree() {
    for (const char* path : {"etc/chrony", "etc/systemd/system", "var/lib", "boot/firmware"})
      fs::create_directories(folder / path);
    std::ofstream{folder / "etc/group"} << "_chrony:x:" << ::getegid() << ":\n";
    std::ofstream{folder / "etc/chrony/chrony.conf"} << "pool debian\n";
    std::ofstream{folder / "boot/firmware/config.txt"} << "enable_uart=1\n";
  }

  TempFolder folder;
};

}  // namespace

TEST_CASE("a file is put whole, with its mode, and looks as it was put") {
  const TempFolder root;
  auto system = system_at(root.path);
  REQUIRE(system->put("/conf", my_file("one\n", 0640)));
  CHECK(*system->look("/conf") == my_file("one\n", 0640));
  REQUIRE(system->put("/conf", my_file(std::string("\0two", 4), 0600)));
  CHECK(*system->look("/conf") == my_file(std::string("\0two", 4), 0600));
  CHECK(root.entries() == 1);
  REQUIRE(system->remove("/conf"));
  REQUIRE(system->remove("/conf"));
  CHECK_FALSE(*system->look("/conf"));
}

TEST_CASE("what is already so is not touched") {
  const TempFolder root;
  auto system = system_at(root.path);
  REQUIRE(system->put("/folder", my_folder()));
  REQUIRE(system->put("/folder/conf", my_file("one\n")));
  REQUIRE(system->put("/link", {Entry::Kind::link, 0777, me(), my_group(), "folder"}));
  const auto before = fingerprint(root.path);
  REQUIRE(system->put("/folder", my_folder()));
  REQUIRE(system->put("/folder/conf", my_file("one\n")));
  REQUIRE(system->put("/link", {Entry::Kind::link, 0777, me(), my_group(), "folder"}));
  CHECK(fingerprint(root.path) == before);
}

TEST_CASE("a mode is as asked whatever the umask") {
  const TempFolder root;
  auto system = system_at(root.path);
  int number = 0;
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    const auto old = ::umask(mask);
    const auto name = "/" + std::to_string(number++);
    const bool put = system->put(name, my_file("x", 0644)).has_value();
    const bool made = system->put(name + "d", my_folder()).has_value();
    ::umask(old);
    CHECK(put);
    CHECK(made);
    CHECK((*system->look(name))->mode == 0644);
    CHECK((*system->look(name + "d"))->mode == 0755);
  }
}

TEST_CASE("a link at the path is replaced and never followed, one above it only inside the root") {
  const TempFolder outside;
  std::ofstream{outside / "canary"} << "sings";
  const auto before = fingerprint(outside.path);
  const TempFolder root;
  auto system = system_at(root.path);
  fs::create_directory(root / "real");
  for (const auto& target :
       {outside.path.string(), outside / "canary", "../../../.." + outside.path.string(),
        std::string{"/proc/self/cwd"}}) {
    fs::create_symlink(target, root / "planted");
    CHECK((*system->look("/planted"))->content == target);
    (void)system->put("/planted/file", my_file("x"));
    (void)system->put("/planted/canary", my_file("x"));
    (void)system->remove("/planted/canary");
    (void)system->list("/planted");
    CHECK_FALSE(system->read("/planted").value_or("").has_value());
    CHECK_FALSE(system->read("/planted/canary").value_or("").has_value());
    REQUIRE(system->put("/planted", my_file("ours")));
    CHECK(text_of(root / "planted") == "ours");
    REQUIRE(system->remove("/planted"));

    fs::create_symlink(target, root / "file.ntsbox-tmp");
    REQUIRE(system->put("/file", my_file("ours")));
    CHECK(text_of(root / "file") == "ours");
    REQUIRE(system->remove("/file"));
  }
  CHECK(fingerprint(outside.path) == before);
  fs::create_symlink("/real", root / "inside");
  REQUIRE(system->put("/inside/file", my_file("ours")));
  CHECK(text_of(root / "real/file") == "ours");
}

TEST_CASE("links planted at every target and parent lead no run out of the root", "[slow]") {
  const TempFolder outside;
  fs::create_directories(outside / "lib");
  std::ofstream{outside / "canary"} << "sings";
  const auto before = fingerprint(outside.path);
  std::vector<std::string> spots;
  for (const auto& resource : small_plan().resources) {
    const auto& path = resource.path;
    for (auto slash = path.find('/', 1); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      spots.push_back(path.substr(0, slash));
    for (const auto& name : {path, temporary_name(path), staged_name(path), new_name(path)})
      spots.push_back(name);
  }
  spots.insert(spots.end(), {"/var", "/var/lib", state_folder, std::string{state_folder} + "/1"});
  const std::vector<std::string> targets{outside.path.string(), outside / "canary",
                                         "../../../../.." + outside.path.string()};
  for (const int n : spread(static_cast<int>(spots.size() * targets.size()))) {
    const auto number = static_cast<std::size_t>(n);
    const auto& spot = spots[number / targets.size()];
    const Tree tree;
    fs::remove_all(tree.folder / spot.substr(1));
    fs::create_directories(fs::path{tree.folder / spot.substr(1)}.parent_path());
    fs::create_symlink(targets[number % targets.size()], tree.folder / spot.substr(1));
    auto system = system_at(tree.folder.path);
    (void)apply_with_lock(*system, small_plan());
    (void)apply_with_lock(*system, small_plan("192.168.0.0/16"));
    (void)undo_with_lock(*system, true);
    CHECK(fingerprint(outside.path) == before);
  }
}

TEST_CASE("a path that is not plain is refused") {
  const TempFolder root;
  auto system = system_at(root.path);
  for (const char* path : {"relative", "/", "", "/a/../b", "/a/./b", "/a//b", "/a/"})
    CHECK_FALSE(system->put(path, my_file("x")));
  CHECK(root.entries() == 0);
}

TEST_CASE("names are those of the root's own accounts") {
  const TempFolder root;
  fs::create_directory(root / "etc");
  std::ofstream{root / "etc/passwd"} << "box:x:" << ::geteuid() << ":1::/:/bin/sh\nbroken line\n";
  std::ofstream{root / "etc/group"} << "boxes:x:" << ::getegid() << ":\n";
  auto system = system_at(root.path);
  auto file = my_file("x");
  file.owner = "nobody-of-the-host";
  const auto refused = system->put("/file", file);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("/etc/passwd"));
  file.owner = ::geteuid() == 0 ? "root" : "box";
  file.group = "boxes";
  REQUIRE(system->put("/file", file));
  CHECK((*system->look("/file"))->owner == file.owner);
}

TEST_CASE("what --boot names stands in for the boot folder, and is a root of its own") {
  const TempFolder root;
  const TempFolder boot;
  std::ofstream{root / "secret"} << "x";
  fs::create_symlink("../secret", boot / "way-out");
  auto system = system_at(root.path, boot.path);
  REQUIRE(system->put("/boot/firmware/config.txt", my_file("x")));
  CHECK(text_of(boot / "config.txt") == "x");
  CHECK(*system->list("/boot/firmware") == std::vector<std::string>{"config.txt", "way-out"});
  CHECK_FALSE(system->read("/boot/firmware/way-out").value_or("").has_value());
  CHECK_FALSE(*system->look("/boot/firmwares"));
}

TEST_CASE("a pipe is seen as something else and nobody hangs on it") {
  const TempFolder root;
  REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
  auto system = system_at(root.path);
  CHECK((*system->look("/pipe"))->kind == Entry::Kind::other);
  CHECK(system->read("/pipe"));
}

TEST_CASE("a folder is held by one run at a time") {
  const TempFolder root;
  fs::create_directory(root / "state");
  auto one = system_at(root.path);
  auto other = system_at(root.path);
  {
    const auto held = one->lock("/state");
    REQUIRE(held);
    const auto refused = other->lock("/state");
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, ContainsSubstring("another ntsbox-provision"));
  }
  CHECK(other->lock("/state"));
}

TEST_CASE("a program is run with our input and nothing of our environment") {
  auto system = system_at("/");
  REQUIRE(::setenv("NTSBOX_TEST_SECRET", "leaks", 1) == 0);
  const auto ran =
      system->run({"sh", "-c", "cat; echo \"$NTSBOX_TEST_SECRET$LANG\" >&2; pwd; exit 3"}, "in\n");
  REQUIRE(ran);
  CHECK(ran->status == 3);
  CHECK(ran->output == "in\nC.UTF-8\n/\n");
  CHECK(system->run({"ntsbox-no-such-program"})->status == 127);
  CHECK(system->run({"sh", "-c", "kill -TERM $$"})->status == 128 + SIGTERM);
  CHECK(system->run({"head", "-c", "3000000", "/dev/zero"})->output.size() == std::size_t{1} << 20);
}

TEST_CASE("a daemon that a program leaves behind keeps nobody waiting") {
  auto system = system_at("/");
  const auto begin = std::chrono::steady_clock::now();
  const auto ran = system->run({"sh", "-c", "sleep 30 & echo $!"});
  REQUIRE(ran);
  CHECK(std::chrono::steady_clock::now() - begin < 20s);
  CHECK(::kill(std::stoi(ran->output), SIGKILL) == 0);
}
