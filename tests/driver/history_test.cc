// The lines of the daemon's own history.

#include "driver/core/history.h"

#include "posix/daily_file.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

constexpr std::int64_t ten_o_clock = 1795341600;

Sample sample(std::int64_t second, nanoseconds offset, nanoseconds correction = {}) {
  return {SystemTime{seconds{second} - offset}, UtcSecond{seconds{second}}, offset, correction};
}

Reading at(std::int64_t second) {
  return {SystemTime{seconds{second}}, MonotonicTime{seconds{second - ten_o_clock + 100}}, {}};
}

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
  const Surroundings around{State::locked, 3, 8, 5, 48.31};
  CHECK(
      history.close(at(ten_o_clock + 60), around) ==
      R"({"t":1795341660,"span":60,"state":"LOCKED","fix":3,"used":8,"pulses":6,"samples":3,"missed":5,)"
      R"("refused":{"late":2,"no-fix":1},"offset":[100,200,300],"jitter":[7,7,14],"whole":[1795341600,100],)"
      R"("wander":[[1,0],[0,0],[0,0],[0,0],[0,0]],"temperature":48.3})"
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
    const Surroundings around{State::locked, 3, 24, 0, 51.2};
    if (history.due(at(now).monotonic)) size += history.close(at(now), around).size();
  }
  WARN("a day of history: " << size << " bytes");
  CHECK(size > 300'000);
  CHECK(size < 1'000'000);
  CHECK(size < DailyFile::longest_day);
}
