#include <string>
#include <vector>

#include "base/release.h"
#include "driver/core/event_log.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string at = R"("system":"1795341600.000100000","monotonic":"1000.000100000")";

std::string pulse(const std::string& members) {
  return R"({"event":"pulse",)" + at + "," + members + "}";
}

std::string replayed(const std::vector<std::string>& lines) {
  Replay replay;
  std::string out;
  for (const auto& line : lines) REQUIRE(replay.line(line, out));
  return out + replay.summary();
}

}  // namespace

TEST_CASE("blank lines, unknown events and unknown members are passed over") {
  CHECK(replayed({"", "   ", "\r", R"({"event":"weather",)" + at + R"(,"rain":[1,{"deep":[2]}]})",
                  R"({"event":"tick",)" + at +
                      R"(,"maxerror":0.2,"synchronised":"yes","more":null})"}) ==
        "{\"decision\":\"summary\",\"pulses\":0,\"samples\":0,\"refused\":{}}\n");
}

TEST_CASE("whatever gpsd may send inside line is input, never a malformed log") {
  const auto junk =
      GENERATE(as<std::string>{}, "", "junk", "{", std::string(1 << 20, '['), "{\"class\":7}",
               std::string("\0\x01\x7f", 3), "\xff\xfe not utf-8 \xed\xa0\x80");
  const auto line = log_gpsd_line({SystemTime{1s}, MonotonicTime{1s}, std::nullopt}, junk);
  Replay replay;
  std::string out;
  CHECK(replay.line(line, out));
  CHECK(out.empty());
}

TEST_CASE("stamps of any size come back as they were written") {
  const auto stamp =
      GENERATE(as<std::string>{}, "0.000000000", "-5.000000001", "99999999999999999999.000000000",
               "0001795341600.000000000", "-0.000000000");
  const auto sequence = GENERATE(as<std::string>{}, "0", "4294967296", "18446744073709551615");
  const auto out = replayed({pulse("\"stamp\":\"" + stamp + "\",\"sequence\":" + sequence)});
  CHECK_THAT(out, ContainsSubstring("\"stamp\":\"" + stamp + "\",\"sequence\":" + sequence +
                                    ",\"reason\""));
}

TEST_CASE("an error of a replay names the number of its line") {
  Replay replay;
  std::string out;
  REQUIRE(replay.line("", out));
  const auto taken = replay.line("{", out);
  REQUIRE_FALSE(taken);
  CHECK_THAT(taken.error().message, ContainsSubstring("line 2:"));
}

TEST_CASE("what is recorded replays to the same decisions") {
  scenarios::World world;
  world.mode = [](int s) { return s > 40 && s < 50 ? 1 : 3; };
  world.extras[70.2] = [](Reading r) { return Event{r, PpsLost{}}; };
  world.extras[80.3] = [](Reading r) { return Event{r, GpsdLost{}}; };
  world.status = {true, 3ms};
  world.pulse_delay = [](int s) { return s % 7 * 1us; };
  auto options = scenarios::options();
  options.lateness = GENERATE(LatenessMode::raw, LatenessMode::clip, LatenessMode::line);
  Bridge bridge{options};
  Replay replay;
  std::string expected;
  std::string out;
  REQUIRE(replay.line(log_start({SystemTime{1s}, MonotonicTime{1s}, std::nullopt}, options), out));
  for (const auto& event : world.live(120)) {
    const auto step = bridge.step(event);
    if (step.decision) {
      const auto& edge = std::get<Pulse>(event.what);
      append_decision(expected, *step.decision,
                      format_decimal_seconds(edge.stamp.time_since_epoch()), edge);
    }
    if (step.state) append_state(expected, *step.state, event.at.monotonic);
    REQUIRE(replay.line(scenarios::logged(event), out));
  }
  CHECK(out == expected);
  const bool corrected = out.find("correction_ns") != std::string::npos;
  CHECK(corrected == (options.lateness != LatenessMode::raw));
  CHECK_THAT(replay.summary(), ContainsSubstring("\"pulses\":120"));
  CHECK(bridge.counters().samples > 70);
}

TEST_CASE("a log with several starts is several runs, and the sums are over all of them") {
  scenarios::World world;
  Replay replay;
  std::string out;
  std::size_t samples = 0;
  for (int life = 0; life < 2; ++life) {
    REQUIRE(replay.line(
        log_start({SystemTime{1s}, MonotonicTime{1s}, std::nullopt}, scenarios::options()), out));
    for (const auto& event : world.live(60)) REQUIRE(replay.line(scenarios::logged(event), out));
  }
  for (auto place = out.find("\"sample\""); place != std::string::npos;
       place = out.find("\"sample\"", place + 1))
    ++samples;
  CHECK(samples > 80);
  CHECK_THAT(replay.summary(),
             ContainsSubstring("\"pulses\":120,\"samples\":" + std::to_string(samples)));
  const auto first = out.find("LOCKED");
  CHECK(out.find("LOCKED", first + 1) != std::string::npos);
}

TEST_CASE("the summary adds up what each run refused, and why") {
  Replay replay;
  std::string out;
  for (int life = 0; life < 3; ++life) {
    REQUIRE(replay.line(R"({"event":"start",)" + at + "}", out));
    for (int n = 0; n < 2 + life; ++n)
      REQUIRE(replay.line(pulse(R"("stamp":"1795341600.000000000","sequence":7)"), out));
  }
  CHECK(replay.summary() ==
        R"({"decision":"summary","pulses":9,"samples":0,"refused":{"duplicate":6,"no-gpsd":3}})"
        "\n");
}

TEST_CASE("a start may turn the kernel clock check off") {
  for (const bool witness : {true, false}) {
    scenarios::World world;
    world.clock_error = 5s;
    world.status = {true, 1ms};
    Replay replay;
    std::string out;
    REQUIRE(replay.line(R"({"event":"start",)" + at +
                            R"(,"floor":"2026-01-01T00:00:00Z","witness":)" +
                            (witness ? "true" : "false") + "}",
                        out));
    for (const auto& event : world.live(60)) REQUIRE(replay.line(scenarios::logged(event), out));
    CHECK((out.find(R"("reason":"witness")") != std::string::npos) == witness);
    CHECK((out.find(R"("decision":"sample")") != std::string::npos) == !witness);
  }
}

TEST_CASE("without a start the program's own earliest date counts") {
  for (const auto from : {release_date() - 1h, release_date()}) {
    scenarios::World world;
    world.start = from.time_since_epoch().count();
    Replay replay;
    std::string out;
    for (const auto& event : world.live(40)) REQUIRE(replay.line(scenarios::logged(event), out));
    CHECK((out.find("before-floor") != std::string::npos) == (from < release_date()));
    CHECK((out.find("\"sample\"") != std::string::npos) == (from == release_date()));
  }
}

TEST_CASE("a start may name the receiver to follow") {
  for (const std::string device : {"/dev/ttyAMA0", "/dev/ttyUSB0"}) {
    Replay replay;
    std::string out;
    auto options = scenarios::options();
    options.device = device;
    REQUIRE(
        replay.line(log_start({SystemTime{1s}, MonotonicTime{1s}, std::nullopt}, options), out));
    for (const auto& event : scenarios::World{}.live(40))
      REQUIRE(replay.line(scenarios::logged(event), out));
    CHECK((out.find("\"sample\"") != std::string::npos) == (device == "/dev/ttyAMA0"));
  }
}

TEST_CASE("a start may have the earliest date, the kernel clock check and the device to follow") {
  const auto floor = GENERATE(as<std::string>{}, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
  Replay replay;
  std::string out;
  REQUIRE(replay.line(
      R"({"event":"start",)" + at + R"(,"floor":")" + floor + R"(","device":"/dev/ttyAMA0"})",
      out));
  for (const auto& event : scenarios::World{}.live(40))
    REQUIRE(replay.line(scenarios::logged(event), out));
  CHECK((out.find("before-floor") != std::string::npos) == (floor[3] == '7'));
  CHECK((out.find("\"sample\"") != std::string::npos) == (floor[3] == '6'));
}
