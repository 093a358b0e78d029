// The daemon's own history: its lines, and how they come to lie on the disk.

#include "driver/core/history.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "driver/io/history_file.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using ntsbox::test::Folder;

namespace {

constexpr std::int64_t ten_o_clock = 1795341600;
constexpr UtcSecond morning{seconds{ten_o_clock}};

Sample sample(std::int64_t second, nanoseconds offset, nanoseconds correction = {}) {
  return {SystemTime{seconds{second} - offset}, UtcSecond{seconds{second}}, offset, correction};
}

Reading at(std::int64_t second) {
  return {SystemTime{seconds{second}}, MonotonicTime{seconds{second - ten_o_clock + 100}}, {}};
}

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
Result<bool> add_batch(HistoryFile& file, UtcSecond when, const std::string& text = "{}") {
  for (int i = 1; i < HistoryFile::batch; ++i) CHECK(file.add(when, text + "\n") == false);
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

TEST_CASE("a minute is one line with what came in it", "[driver][history]") {
  History history;
  CHECK_FALSE(history.due(at(ten_o_clock).monotonic));
  for (int i = 0; i < 3; ++i) history.take(sample(ten_o_clock + i, 100ns * (i + 1)), 7ns * i);
  history.take(Reason::late, std::nullopt);
  history.take(Reason::no_fix, std::nullopt);
  history.take(Reason::late, std::nullopt);
  CHECK_FALSE(history.due(at(ten_o_clock + 59).monotonic));
  REQUIRE(history.due(at(ten_o_clock + 60).monotonic));
  const Surroundings around{
      State::locked, 3, 8, 5, 48.31, Surroundings::Service{2, {900, 1, 4, 0, 800}}};
  CHECK(
      history.close(at(ten_o_clock + 60), around) ==
      R"({"t":1795341660,"span":60,"state":"LOCKED","fix":3,"used":8,"pulses":6,"samples":3,"missed":5,)"
      R"("refused":{"late":2,"no-fix":1},"offset":[100,200,300],"jitter":[7,7,14],"whole":[1795341600,100],)"
      R"("wander":[[1,0],[0,0],[0,0],[0,0],[0,0]],"temperature":48.3,"served":[2,900,800,4]})"
      "\n");
}

TEST_CASE("what was told is not told again", "[driver][history]") {
  History history;
  CHECK_FALSE(history.due(at(ten_o_clock).monotonic));
  history.take(sample(ten_o_clock, 1us), std::nullopt);
  Surroundings around;
  around.missed = 5;
  (void)history.close(at(ten_o_clock + 60), around);
  CHECK(
      history.close(at(ten_o_clock + 90), around) ==
      R"({"t":1795341690,"span":30,"state":"WAITING","fix":0,"used":0,"pulses":0,"samples":0,"missed":0})"
      "\n");
  around.missed = 2;  // counted anew
  CHECK_THAT(history.close(at(ten_o_clock + 150), around), ContainsSubstring(R"("missed":2})"));
}

TEST_CASE("corrections are told where there are any", "[driver][history]") {
  History history;
  for (int i = 0; i < 3; ++i) history.take(sample(ten_o_clock + i, 1us, -10ns * i), std::nullopt);
  CHECK_THAT(history.close(at(ten_o_clock + 60), {}),
             ContainsSubstring(R"("correction":[-20,-10,0])"));
  history.take(sample(ten_o_clock + 61, 1us), std::nullopt);
  CHECK_THAT(history.close(at(ten_o_clock + 120), {}), !ContainsSubstring("correction"));
}

TEST_CASE("of a minute's values the middle and the ends are told, and where nine of ten lie",
          "[driver][history]") {
  History history;
  for (int i = 100; i >= 0; --i) history.take(sample(ten_o_clock + i, 1ns * i, 2ns * i), 3ns * i);
  const auto line = history.close(at(ten_o_clock + 101), {});
  CHECK_THAT(line, ContainsSubstring(R"("offset":[0,50,100])"));
  CHECK_THAT(line, ContainsSubstring(R"("correction":[0,100,200])"));
  CHECK_THAT(line, ContainsSubstring(R"("jitter":[150,270,300])"));
}

TEST_CASE("of more pulses than come in two minutes the first 128 are looked at, and all counted",
          "[driver][history]") {
  History history;
  for (int i = 1; i <= 140; ++i) history.take(sample(ten_o_clock + i, 1ns * i, 1ns * i), 1ns * i);
  const auto line = history.close(at(ten_o_clock + 140), {});
  CHECK_THAT(line, ContainsSubstring(R"("pulses":140,"samples":140)"));
  CHECK_THAT(line, ContainsSubstring(R"("offset":[1,64,128])"));
  CHECK_THAT(line, ContainsSubstring(R"("correction":[1,64,128])"));
  CHECK_THAT(line, ContainsSubstring(R"("jitter":[64,115,128])"));
  CHECK_THAT(line, ContainsSubstring(R"("whole":[1795341720,120])"));  // the later of two
}

TEST_CASE("ten milliseconds off the middle are a step of the clock, a nanosecond less is wander",
          "[driver][history]") {
  for (const auto& [off, wander] :
       {std::pair{9'999'999ns, R"("wander":[[1,399999920000004],[0,0])"},
        {10'000'000ns, R"("samples":3)"}}) {
    History history;
    for (int i = 0; i < 3; ++i)
      history.take(sample(ten_o_clock + i, i == 1 ? off : 0ns), std::nullopt);
    const auto line = history.close(at(ten_o_clock + 60), {});
    CHECK_THAT(line, ContainsSubstring(wander));
    CHECK((line.find("wander") != std::string::npos) == (off < 10ms));
  }
}

TEST_CASE("the wander of a clock of constant drift is none, and that of a zigzag is known",
          "[driver][history]") {
  History steady;
  History zigzag;
  for (int i = 0; i < 60; ++i) {
    steady.take(sample(ten_o_clock + i, 3us * i), std::nullopt);
    zigzag.take(sample(ten_o_clock + i, i % 2 == 0 ? 0ns : 100ns), std::nullopt);
  }
  CHECK_THAT(steady.close(at(ten_o_clock + 60), {}),
             ContainsSubstring(R"("wander":[[58,0],[56,0],[52,0],[44,0],[28,0]])"));
  // (0 - 2 * 100 + 0)^2 = 40 000, 58 times
  CHECK_THAT(zigzag.close(at(ten_o_clock + 60), {}),
             ContainsSubstring(R"("wander":[[58,2320000],[56,0],[52,0],[44,0],[28,0]])"));
}

TEST_CASE("a second without a sample and a step of the clock are no wander", "[driver][history]") {
  History history;
  for (const int second : {0, 1, 3, 4})
    history.take(sample(ten_o_clock + second, 1us), std::nullopt);
  history.take(sample(ten_o_clock + 5, 1h), std::nullopt);
  history.take(sample(ten_o_clock + 6, -seconds{std::int64_t{1} << 32}), std::nullopt);
  // Two seconds apart there are 0, - and 4, and 1, 3 and 5: the latter is torn by the step.
  CHECK_THAT(history.close(at(ten_o_clock + 60), {}), !ContainsSubstring("wander"));
}

TEST_CASE("the sky is told each tenth minute, as it was last seen", "[driver][history]") {
  History history;
  const std::vector<Satellite> sky{{0, 4, 270, 67, 38, true}, {2, 11, 10, 5, 0, false}};
  std::vector<std::int64_t> told;
  for (std::int64_t minute = 1; minute <= 30; ++minute) {
    history.take(std::span{sky});
    const auto line = history.close(at(ten_o_clock + 60 * minute), {});
    if (line.find("sky") != std::string::npos) {
      told.push_back(minute);
      CHECK_THAT(line, EndsWith(R"("sky":[[0,4,270,67,38,1],[2,11,10,5,0,0]]})"
                                "\n"));
    }
  }
  CHECK(told == std::vector<std::int64_t>{1, 11, 21});
}

TEST_CASE("a sky that nobody told anew is not told again", "[driver][history]") {
  History history;
  const std::vector<Satellite> sky{{0, 4, 270, 67, 38, true}};
  history.take(std::span{sky});
  CHECK_THAT(history.close(at(ten_o_clock + 60), {}), ContainsSubstring("sky"));
  for (std::int64_t minute = 2; minute <= 30; ++minute)
    CHECK_THAT(history.close(at(ten_o_clock + 60 * minute), {}), !ContainsSubstring("sky"));
}

TEST_CASE("the board's temperature is read as the kernel writes it", "[driver][history]") {
  CHECK(temperature_in("48312\n") == 48.312);
  CHECK(temperature_in("-5000") == -5.0);
  CHECK(temperature_in("-100000\n") == -100.0);
  CHECK(temperature_in("300000\n") == 300.0);
  const auto* text =
      GENERATE("", "\n", "warm", "48312 \n", "48312\n\n", "48.3", "-100001", "300001", "99999999");
  CAPTURE(text);
  CHECK_FALSE(temperature_in(text));
}

TEST_CASE("what was collected of the clients counts for as long as it is fresh",
          "[driver][history]") {
  const std::string collection =
      R"({"written":"2026-11-22T10:00:00Z","selectdata":"","authdata":"","serverstats":)"
      R"("900,1,7,0,0,4,0,800,0,0,0,0,0,0,0,0,0\n","clients":2,"certificate":""})";
  const SystemTime written{seconds{ten_o_clock}};
  const auto service = service_in(collection, written + 60s);
  REQUIRE(service);
  CHECK(service->clients == 2);
  CHECK(service->served.packets == 900);
  CHECK(service->served.authenticated == 800);
  CHECK(service->served.handshakes == 4);
  CHECK(service_in(collection, written + 150'999ms));
  CHECK_FALSE(service_in(collection, written + 151s));
  CHECK(service_in(collection, written - 150s));
  CHECK_FALSE(service_in(collection, written - 150'001ms));
  const auto with = [&](const std::string& member) {
    return service_in(collection.substr(0, collection.size() - 1) + "," + member + "}", written);
  };
  CHECK(with("\"errors\":9")->clients == 2);
  CHECK(with("\"more\":[[1]]"));
  CHECK_FALSE(with("\"more\":[[[[1]]]]"));
  CHECK(with("\"more\":\"" + std::string(1'048'000, 'x') + '"'));
  CHECK_FALSE(with("\"more\":\"" + std::string(1'048'576, 'x') + '"'));
  CHECK_FALSE(service_in(R"({"written":"2026-11-22T10:00:00Z","clients":2})", written));
  CHECK_FALSE(service_in(R"({"serverstats":"900,1,7,0,0,4,0,800,0,0,0,0,0,0,0,0,0\n"})", written));
  CHECK_FALSE(service_in("", written));
}

TEST_CASE("lines are written ten at a time, and the rest when asked", "[driver][history]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  HistoryFile file{folder.path, 60};
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

TEST_CASE("each day has its file, and the oldest go", "[driver][history]") {
  const Folder folder;
  HistoryFile file{folder.path, 2};
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

TEST_CASE("at midnight what waits goes to its own day", "[driver][history]") {
  const Folder folder;
  HistoryFile file{folder.path, 60};
  CHECK(file.add(morning, "before\n") == false);
  CHECK(file.add(morning + 14h, "after\n") == true);
  CHECK(file.flush() == true);
  CHECK(text_of(folder / "history/2026-11-22.jsonl") == "before\n");
  CHECK(text_of(folder / "history/2026-11-23.jsonl") == "after\n");
}

TEST_CASE("a line that a cut of power tore stands alone", "[driver][history]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  {
    HistoryFile before{folder.path, 60};
    CHECK(add_batch(before, morning));
  }
  std::ofstream{path, std::ios::app} << R"({"t":17953)";
  HistoryFile after{folder.path, 60};
  CHECK(add_batch(after, morning));
  CHECK(text_of(path) == lines(10) + "{\"t\":17953\n" + lines(10));
}

TEST_CASE("a full disk loses a batch whole, and what comes after it is kept", "[driver][history]") {
  const Folder folder;
  const auto path = folder / "history/2026-11-22.jsonl";
  const std::string long_line(100, 'x');
  HistoryFile file{folder.path, 60};
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

TEST_CASE("a day is no longer than a mebibyte", "[driver][history]") {
  const Folder folder;
  HistoryFile file{folder.path, 60};
  const std::string long_line(HistoryFile::longest_day / 15, 'x');
  CHECK(add_batch(file, morning, long_line) == true);
  const auto lost = add_batch(file, morning, long_line);
  REQUIRE_FALSE(lost);
  CHECK_THAT(lost.error().message, ContainsSubstring("as long as a day may be"));
  CHECK(add_batch(file, morning + std::chrono::days{1}) == true);
}

TEST_CASE("no history is kept where none is wanted, and a folder that is missing is told",
          "[driver][history]") {
  const Folder folder;
  HistoryFile none{folder.path, 0};
  CHECK(add_batch(none, morning) == false);
  HistoryFile nowhere{"", 60};
  CHECK(add_batch(nowhere, morning) == false);
  CHECK(folder.entries() == 0);
  HistoryFile missing{"/proc/none", 60};
  CHECK_FALSE(add_batch(missing, morning));
}

TEST_CASE("a busy day of history takes less than a megabyte", "[driver][history]") {
  History history;
  const std::vector<Satellite> sky(40, {5, 137, 300, 45, 42, true});
  std::size_t size = 0;
  for (std::int64_t second = 0; second < 86'400; ++second) {
    const auto now = ten_o_clock + second;
    if (second % 5 == 0) history.take(std::span{sky});
    if (second % 9 == 0)
      history.take(second % 2 == 0 ? Reason::off_beat : Reason::late, std::nullopt);
    history.take(sample(now, nanoseconds{second * 7919 % 20'001 - 10'000}, -1234ns), 12'345ns);
    const Surroundings around{State::locked,
                              3,
                              24,
                              0,
                              51.2,
                              Surroundings::Service{250, {9'000'000, 0, 90'000, 0, 8'000'000}}};
    if (history.due(at(now).monotonic)) size += history.close(at(now), around).size();
  }
  WARN("a day of history: " << size << " bytes");
  CHECK(size > 300'000);
  CHECK(size < 1'000'000);
  CHECK(size < HistoryFile::longest_day);
}
