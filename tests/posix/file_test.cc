#include "posix/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using Catch::Matchers::ContainsSubstring;
using ntsbox::test::Folder;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const fs::path& path) {
  struct stat status {};

  REQUIRE(lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// Lets no file of this process grow beyond `bytes`, as a full disk would.
struct FullDisk {
  explicit FullDisk(rlim_t bytes) : handler(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before);
    (void)signal(SIGXFSZ, handler);
  }

  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  sighandler_t handler;
  rlimit before{};
};

}  // namespace

TEST_CASE("a file is made, and then replaced, with its whole content and its mode",
          "[posix][file]") {
  const Folder folder;
  const auto file = folder.path / "status.json";
  const auto durable = GENERATE(Durable::no, Durable::yes);
  REQUIRE(replace_file(file, "one", 0644, durable));
  CHECK(read_file(file, 100) == "one");
  CHECK(mode_of(file) == 0644);
  const std::string large(1 << 20, 'x');
  REQUIRE(replace_file(file, large, 0600, durable));
  CHECK(read_file(file, large.size()) == large);
  CHECK(mode_of(file) == 0600);
  REQUIRE(replace_file(file, "", 0640, durable));
  CHECK(read_file(file, 0)->empty());
  CHECK(folder.entries() == 1);
}

TEST_CASE("the mode does not depend on the umask", "[posix][file]") {
  const Folder folder;
  const auto before = umask(077);
  CHECK(replace_file(folder.path / "file", "x"));
  umask(before);
  CHECK(mode_of(folder.path / "file") == 0644);
}

TEST_CASE("a reader that has the old file open keeps the old content", "[posix][file]") {
  const Folder folder;
  const auto file = folder.path / "file";
  REQUIRE(replace_file(file, "old"));
  std::ifstream reader{file};
  REQUIRE(replace_file(file, "new"));
  std::string text;
  reader >> text;
  CHECK(text == "old");
  CHECK(read_file(file, 10) == "new");
}

TEST_CASE("a symbolic link is replaced, and what it points to is left alone", "[posix][file]") {
  const Folder folder;
  const auto foreign = folder.path / "foreign";
  const auto link = folder.path / "link";
  REQUIRE(replace_file(foreign, "theirs"));
  fs::create_symlink(foreign, link);
  REQUIRE(replace_file(link, "ours"));
  CHECK(read_file(foreign, 10) == "theirs");
  CHECK_FALSE(fs::is_symlink(link));
}

TEST_CASE("a failure says which file, and leaves the old one and nothing else", "[posix][file]") {
  const Folder folder;
  const auto file = folder.path / "file";
  REQUIRE(replace_file(file, "old"));
  SECTION("the disk is full") {
    const FullDisk disk{1000};
    const auto failed = replace_file(file, std::string(5000, 'x'));
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message, ContainsSubstring(file.string() + ": cannot be written"));
  }
  SECTION("a folder stands in its place") {
    const auto taken = folder.path / "taken";
    fs::create_directory(taken);
    CHECK_FALSE(replace_file(taken, "x"));
    fs::remove(taken);
  }
  SECTION("there is no such folder") {
    const auto failed = replace_file(folder.path / "none" / "file", "x");
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message,
               ContainsSubstring("none/file") && ContainsSubstring("No such file or directory"));
  }
  CHECK(read_file(file, 10) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file is read whole, or not when it is longer than expected", "[posix][file]") {
  const Folder folder;
  const auto file = folder.path / "file";
  const std::string text{"a\0b\n", 4};
  REQUIRE(replace_file(file, text));
  CHECK(read_file(file, 4) == text);
  const auto longer = read_file(file, 3);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().message == file.string() + ": cannot be read: it is longer than 3 bytes");
}

TEST_CASE("what is no file is not read, and not waited for", "[posix][file]") {
  const Folder folder;
  const auto fifo = folder.path / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THAT(read_file(fifo, 10).error().message, ContainsSubstring("not a regular file"));
  CHECK_THAT(read_file(folder.path, 10).error().message, ContainsSubstring("not a regular file"));
  CHECK_THAT(read_file(folder.path / "none", 10).error().message,
             ContainsSubstring("No such file or directory"));
}

TEST_CASE("a link that a lesser user may have made is not followed", "[posix][file]") {
  const Folder folder;
  const auto secret = folder.path / "secret";
  const auto link = folder.path / "link";
  REQUIRE(replace_file(secret, "secret"));
  fs::create_symlink(secret, link);
  CHECK(read_file(link, 10) == "secret");
  CHECK(read_foreign_file(secret, 10) == "secret");
  const auto refused = read_foreign_file(link, 10);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == link.string() + ": cannot be read: it is a symbolic link");
  fs::remove(link);
  REQUIRE(mkfifo(link.c_str(), 0600) == 0);
  CHECK_THAT(read_foreign_file(link, 10).error().message, ContainsSubstring("not a regular file"));
  CHECK_THAT(read_foreign_file(secret, 5).error().message, ContainsSubstring("longer than 5"));
}

TEST_CASE("a file is created once, and never over another one", "[posix][file]") {
  const Folder folder;
  const auto file = folder.path / "key";
  const auto before = umask(0);
  REQUIRE(create_file(file, "secret", 0600));
  umask(before);
  CHECK(read_file(file, 10) == "secret");
  CHECK(mode_of(file) == 0600);
  CHECK_THAT(create_file(file, "other", 0600).error().message, ContainsSubstring("File exists"));
  CHECK(read_file(file, 10) == "secret");
  fs::create_symlink(folder.path / "elsewhere", folder.path / "link");
  CHECK_FALSE(create_file(folder.path / "link", "secret", 0600));
  CHECK_FALSE(fs::exists(folder.path / "elsewhere"));
  {
    const FullDisk disk{1000};
    CHECK_FALSE(create_file(folder.path / "large", std::string(5000, 'x'), 0600));
  }
  CHECK_FALSE(fs::exists(folder.path / "large"));
}

namespace {

std::string watched;  // a folder
mode_t widest = 0;    // of its files' modes, all bits of them together

void look_at_modes(int) {
  struct stat status {};

  for (const auto& entry : fs::directory_iterator{watched})
    if (lstat(entry.path().c_str(), &status) == 0) widest |= status.st_mode & 07777;
}

}  // namespace

TEST_CASE("until a file is complete only its owner can read it", "[posix][file]") {
  const Folder folder;
  const bool replaced = GENERATE(true, false);
  const FullDisk disk{1 << 16};
  // The signal comes in the middle of write(2), when the disk is full.
  watched = folder.path;
  widest = 0;
  (void)signal(SIGXFSZ, look_at_modes);
  const std::string content(1 << 20, 'x');
  if (replaced)
    CHECK_FALSE(replace_file(folder.path / "key", content, 0644));
  else
    CHECK_FALSE(create_file(folder.path / "key", content, 0644));
  CHECK(widest == 0600);
  CHECK(folder.entries() == 0);
}
