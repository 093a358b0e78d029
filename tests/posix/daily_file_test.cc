#include "posix/daily_file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using ntsbox::test::Folder;

namespace {

constexpr UtcSecond morning{seconds{1795341600}};

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

std::string lines(int count, const std::string& text = "{}") {
  std::string all;
  for (int i = 0; i < count; ++i) all += text + "\n";
  return all;
}

/// Ten lines, which is when they are written.
Result<bool> add_batch(DailyFile& file, UtcSecond when, const std::string& text = "{}") {
  for (int i = 1; i < DailyFile::batch; ++i) CHECK(file.add(when, text + "\n") == false);
  return file.add(when, text + "\n");
}

/// No file may grow beyond this, for as long as it lives: as a full disk has it.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    (void)std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }

  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("lines are written ten at a time, and the rest when asked", "[posix][daily-file]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  DailyFile file{folder / "history", 60};
  CHECK(add_batch(file, morning) == true);
  CHECK(text_of(path) == lines(10));
  CHECK(file.add(morning, "{}\n") == false);
  CHECK(text_of(path) == lines(10));
  CHECK(file.flush() == true);
  CHECK(text_of(path) == lines(11));
  CHECK(file.flush() == false);

  struct stat status {};

  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("each day has its file, and the oldest go", "[posix][daily-file]") {
  const Folder folder;
  DailyFile file{folder / "history", 2};
  std::ofstream{folder / "elsewhere"} << "";
  for (int day = 0; day < 4; ++day) {
    CHECK(file.add(morning + std::chrono::days{day}, "{}\n"));
    CHECK(file.flush() == true);
    if (day == 0) std::ofstream{folder / "history/notes"} << "an owner's";
  }
  const std::filesystem::path history{folder / "history"};
  CHECK(std::filesystem::exists(history / "2026-11-24.jsonl"));
  CHECK(std::filesystem::exists(history / "2026-11-25.jsonl"));
  CHECK(std::filesystem::exists(history / "notes"));
  CHECK(std::distance(std::filesystem::directory_iterator{history}, {}) == 3);
}

TEST_CASE("at midnight what waits goes to its own day", "[posix][daily-file]") {
  const Folder folder;
  DailyFile file{folder / "history", 60};
  CHECK(file.add(morning, "before\n") == false);
  CHECK(file.add(morning + 14h, "after\n") == true);
  CHECK(file.flush() == true);
  CHECK(text_of(folder / "history/2026-11-22.jsonl") == "before\n");
  CHECK(text_of(folder / "history/2026-11-23.jsonl") == "after\n");
}

TEST_CASE("a line that a cut of power tore stands alone", "[posix][daily-file]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  {
    DailyFile before{folder / "history", 60};
    CHECK(add_batch(before, morning));
  }
  std::ofstream{path, std::ios::app} << R"({"t":17953)";
  DailyFile after{folder / "history", 60};
  CHECK(add_batch(after, morning));
  CHECK(text_of(path) == lines(10) + "{\"t\":17953\n" + lines(10));
}

TEST_CASE("a full disk loses a batch whole, and what comes after it is kept",
          "[posix][daily-file]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  const std::string long_line(100, 'x');
  DailyFile file{folder / "history", 60};
  CHECK(add_batch(file, morning, long_line) == true);
  {
    const SmallDisk full{1500};
    const auto lost = add_batch(file, morning, long_line);
    REQUIRE_FALSE(lost);
    CHECK_THAT(lost.error().message, StartsWith(path + ": cannot be written"));
    CHECK(text_of(path) == lines(10, long_line));
  }
  CHECK(add_batch(file, morning, long_line) == true);
  CHECK(text_of(path) == lines(20, long_line));
}

TEST_CASE("a day is no longer than a mebibyte", "[posix][daily-file]") {
  const Folder folder;
  DailyFile file{folder / "history", 60};
  const std::string long_line(DailyFile::longest_day / 15, 'x');
  CHECK(add_batch(file, morning, long_line) == true);
  const auto lost = add_batch(file, morning, long_line);
  REQUIRE_FALSE(lost);
  CHECK_THAT(lost.error().message, ContainsSubstring("as long as a day may be"));
  CHECK(add_batch(file, morning + std::chrono::days{1}) == true);
}

TEST_CASE("nothing is kept where nothing is wanted, and a folder that cannot be made is a failure",
          "[posix][daily-file]") {
  const Folder folder;
  DailyFile none{folder / "history", 0};
  CHECK(add_batch(none, morning) == false);
  DailyFile nowhere{"", 60};
  CHECK(add_batch(nowhere, morning) == false);
  CHECK(folder.entries() == 0);
  DailyFile missing{"/proc/none", 60};
  CHECK_FALSE(add_batch(missing, morning));
}
