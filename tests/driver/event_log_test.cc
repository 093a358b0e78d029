#include "driver/core/event_log.h"

#include <string>

#include "base/release.h"
#include "contract/status_file.h"
#include "driver/core/calendar.h"
#include "driver/core/replay.h"
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

std::string why_malformed(const std::string& line) {
  EventLogReader reader;
  const auto entry = reader.read(line);
  return entry ? "" : entry.error().message;
}

}  // namespace

TEST_CASE("a pulse of the log comes back with its stamp and sequence as they were written") {
  EventLogReader reader;
  const auto entry = reader.read(pulse(R"("stamp":"1795341600.000001234","sequence":812)"));
  REQUIRE(entry);
  const auto& logged = std::get<LogEvent>(*entry);
  CHECK(logged.stamp_text == "1795341600.000001234");
  const auto& edge = std::get<Pulse>(logged.event.what);
  CHECK(edge.sequence == 812);
  CHECK(edge.stamp.time_since_epoch() == 1795341600s + 1234ns);
  CHECK(logged.event.at.monotonic.time_since_epoch() == 1000s + 100us);
  CHECK_FALSE(logged.event.at.raw);
}

TEST_CASE("a tick of the log brings the clock's status, if it has all of it") {
  const auto status = [](const std::string& members) {
    EventLogReader reader;
    const auto entry = reader.read(R"({"event":"tick",)" + at + members + "}");
    REQUIRE(entry);
    return std::get<Tick>(std::get<LogEvent>(*entry).event.what).clock;
  };
  const auto told = status(R"(,"synchronised":true,"maxerror":"0.001200000")");
  REQUIRE(told);
  CHECK(told->synchronised);
  CHECK(told->maxerror == 1200us);
  CHECK(status(R"(,"synchronised":true,"maxerror":"0.001200000","more":"0.5")"));
  CHECK_FALSE(status(R"(,"synchronised":true)"));
  CHECK_FALSE(status(R"(,"maxerror":"0.001200000")"));
}

TEST_CASE("a start of the log has the options of the bridge") {
  EventLogReader reader;
  const auto entry =
      reader.read(R"({"event":"start",)" + at + R"(,"witness":false,"device":"/dev/ttyUSB0"})");
  REQUIRE(entry);
  const auto& start = std::get<LogStart>(*entry);
  CHECK(start.witness == false);
  CHECK(start.device == "/dev/ttyUSB0");
  CHECK_FALSE(start.earliest_date);
}

TEST_CASE("malformed log lines are refused with what is wrong") {
  const auto [line, words] = GENERATE(table<std::string, std::string>({
      {"[]", "JSON object"},
      {"17", "JSON object"},
      {R"({"event":"pulse")", "cut"},
      {R"({"event":"tick","system":"1.000000000"})", "monotonic"},
      {R"({"event":"tick","monotonic":"1.000000000"})", "system"},
      {R"({"system":"1.000000000","monotonic":"1.000000000"})", "event"},
      {R"({"event":7,"system":"1.000000000","monotonic":"1.000000000"})", "event"},
      {R"({"event":"tick","system":1.0,"monotonic":"1.000000000"})", "system"},
      {R"({"event":"tick","system":"1.0","monotonic":"1.000000000"})", "system"},
      {R"({"event":"tick","system":"1.0000000001","monotonic":"1.000000000"})", "system"},
      {R"({"event":"tick","system":"+1.000000000","monotonic":"1.000000000"})", "system"},
      {R"({"event":"tick","system":"1e3.000000000","monotonic":"1.000000000"})", "system"},
      {R"({"event":"tick","system":"1.000000000","monotonic":"1.000000000","raw":"1"})", "raw"},
      {R"({"event":"unheard-of","system":"1.000000000"})", "monotonic"},
      {R"({"event":"gpsd","system":"1.000000000","monotonic":"1.000000000"})", "line"},
      {R"({"event":"gpsd","system":"1.000000000","monotonic":"1.000000000","line":{}})", "line"},
      {R"({"event":"start","system":"1.000000000","monotonic":"1.000000000","floor":"yesterday"})",
       "floor"},
      {R"({"event":"start","system":"1.000000000","monotonic":"1.000000000","floor":2026})",
       "floor"},
      {R"({"event":"start","system":"1.000000000","monotonic":"1.000000000","lateness":"late"})",
       "lateness"},
      {R"({"event":"start","system":"1.000000000","monotonic":"1.000000000","lateness":true})",
       "lateness"},
      {pulse(R"("stamp":"1.000000000")"), "sequence"},
      {pulse(R"("sequence":1)"), "stamp"},
      {pulse(R"("stamp":1.5,"sequence":1)"), "stamp"},
      {pulse(R"("stamp":"1.000000000","sequence":-1)"), "sequence"},
      {pulse(R"("stamp":"1.000000000","sequence":1.0)"), "sequence"},
      {pulse(R"("stamp":"1.000000000","sequence":"1")"), "sequence"},
  }));
  INFO(line);
  CHECK_THAT(why_malformed(line), ContainsSubstring(words));
}

TEST_CASE("a start of the log has what it was given, each member alone or all together") {
  const auto start = [](const std::string& members) {
    EventLogReader reader;
    const auto entry = reader.read(R"({"event":"start",)" + at + members + "}");
    REQUIRE(entry);
    return std::get<LogStart>(*entry);
  };
  const auto bare = start("");
  CHECK_FALSE(bare.earliest_date);
  CHECK_FALSE(bare.witness);
  CHECK_FALSE(bare.device);
  CHECK_FALSE(bare.lateness);
  CHECK(start(R"(,"floor":"2026-11-22T10:00:00Z")").earliest_date == UtcSecond{1795341600s});
  CHECK(start(R"(,"witness":true)").witness == true);
  const auto all = start(
      R"(,"floor":"2026-11-22T10:00:00Z","witness":false,"device":"/dev/a","lateness":"clip")");
  CHECK(all.earliest_date == UtcSecond{1795341600s});
  CHECK(all.witness == false);
  CHECK(all.device == "/dev/a");
  CHECK(all.lateness == LatenessMode::clip);
}

TEST_CASE("each event is logged as docs/event-log.md has it, and is read as what it was") {
  const Reading now{SystemTime{1795341600s + 100us}, MonotonicTime{1000s}, RawTime{900s + 1ns}};
  const std::string head =
      R"("system":"1795341600.000100000","monotonic":"1000.000000000","raw":"900.000000001")";
  const std::vector<std::pair<Event, std::string>> cases{
      {{now, Pulse{SystemTime{1795341600s}, 7}},
       R"({"event":"pulse",)" + head + R"(,"stamp":"1795341600.000000000","sequence":7})"},
      {{now, Tick{ClockStatus{true, 1200us}}},
       R"({"event":"tick",)" + head + R"(,"synchronised":true,"maxerror":"0.001200000"})"},
      {{now, Tick{}}, R"({"event":"tick",)" + head + "}"},
      {{now, GpsdLost{}}, R"({"event":"gpsd_lost",)" + head + "}"},
      {{now, PpsLost{}}, R"({"event":"pps_lost",)" + head + "}"}};
  for (const auto& [event, line] : cases) {
    CHECK(log_event(event) == line + "\n");
    EventLogReader reader;
    const auto entry = reader.read(line);
    REQUIRE(entry);
    const auto& back = std::get<LogEvent>(*entry).event;
    CHECK(back.what.index() == event.what.index());
    CHECK(back.at.system == now.system);
    CHECK(back.at.monotonic == now.monotonic);
    CHECK(back.at.raw == now.raw);
  }
  CHECK(log_gpsd_line(now, R"({"class":7})") ==
        R"({"event":"gpsd",)" + head + R"(,"line":"{\"class\":7}"})" + "\n");
}

TEST_CASE("a start is logged with what differs from the program's own") {
  const Reading now{SystemTime{1795341600s}, MonotonicTime{1000s}, std::nullopt};
  BridgeOptions options;
  options.earliest_date = UtcSecond{1767225600s};
  const std::string head =
      R"({"event":"start","system":"1795341600.000000000","monotonic":"1000.000000000",)"
      R"("version":1,"floor":"2026-01-01T00:00:00Z",)";
  CHECK(log_start(now, options) == head + "\"witness\":true}\n");
  options.witness = false;
  options.device = "/dev/\"a\"";
  options.lateness = LatenessMode::line;
  CHECK(log_start(now, options) ==
        head + R"("witness":false,"device":"/dev/\"a\"","lateness":"line"})" + "\n");
}

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

TEST_CASE("a lone surrogate in a line, as some writers escape bytes, is U+FFFD, and no more is") {
  struct Case {
    const char* written;
    const char* read;
  };

  const auto one = GENERATE(
      Case{"", ""}, Case{"x", "x"}, Case{R"(\\n)", "\n"}, Case{R"(\\\\ud800)", R"(\ud800)"},
      Case{R"(\ud800)", "\ufffd"}, Case{R"(\ud801\udbff)", "\ufffd\ufffd"},
      Case{R"(\udc00)", "\ufffd"}, Case{R"(\uDFFF\uD83D)", "\ufffd\ufffd"},
      Case{R"(\ud7ff\ue000\u0041)", "\ud7ff\ue000A"}, Case{R"(\ud83d\ude00)", "\U0001f600"},
      Case{R"(\ud800\udc00\udc01)", "\U00010000\ufffd"}, Case{R"(\udbff\udfff)", "\U0010ffff"},
      Case{R"(\ud83dx\ude00)", "\ufffdx\ufffd"}, Case{R"(\ud83d0\ude00f)", "\ufffd0\ufffdf"},
      Case{R"(\ud83d\\n)", "\ufffd\n"}, Case{R"(\ud83d\ud83d\ude00)", "\ufffd\U0001f600"},
      Case{R"(\ud83d \ude00)", "\ufffd \ufffd"});
  CAPTURE(one.written);
  EventLogReader reader;
  const auto entry = reader.read(R"({"event":"gpsd",)" + at +
                                 R"(,"line":"{\"class\":\"ERROR\",\"message\":\"\udcff)" +
                                 one.written + R"(.\"}"})");
  REQUIRE(entry);
  const auto& report = std::get<GpsdReport>(std::get<LogEvent>(*entry).event.what);
  CHECK(std::get<ErrorReport>(report).message == "\ufffd" + std::string{one.read} + ".");
}

TEST_CASE("a lone surrogate does not make a cut line whole") {
  for (const auto* tail : {"", "\"", "\\", "\\u", "\\udcf", "\\udcff"})
    CHECK_THAT(why_malformed(R"({"event":"gpsd",)" + at + R"(,"line":"junk \udcff)" + tail),
               ContainsSubstring("is the line cut?"));
}

TEST_CASE("what a later version may add to an event may be as deep as a thousand levels") {
  const auto nested = [](std::size_t depth) {
    return R"({"event":"tick",)" + at + R"(,"more":)" + std::string(depth - 1, '[') + "1" +
           std::string(depth - 1, ']') + "}";
  };
  CHECK(why_malformed(nested(1000)).empty());
  CHECK_FALSE(why_malformed(nested(1100)).empty());
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

TEST_CASE("a decision is a line of its own, as docs/event-log.md has it") {
  std::string out;
  const Pulse edge{SystemTime{1795341600s + 1234ns}, 812};
  Sample sample{edge.stamp, UtcSecond{1795341600s}, -1234ns, 0ns};
  append_decision(out, sample, "1795341600.000001234", edge);
  sample.correction = 1ns;
  append_decision(out, sample, "1795341600.000001234", edge);
  append_decision(out, Reason::no_fix, "01.000000000", edge);
  append_state(out, State::locked, MonotonicTime{1500ms});
  CHECK(
      out ==
      R"({"decision":"sample","stamp":"1795341600.000001234","sequence":812,"offset_ns":-1234,"second":1795341600,"leap":0}
{"decision":"sample","stamp":"1795341600.000001234","sequence":812,"offset_ns":-1234,"second":1795341600,"leap":0,"correction_ns":1}
{"decision":"refused","stamp":"01.000000000","sequence":812,"reason":"no-fix"}
{"decision":"state","state":"LOCKED","monotonic":"1.500000000"}
)");
}

TEST_CASE("each reason for a refusal has its count, and one that never was has none") {
  Counters counters;
  CHECK(refusals_json(counters.refused) == "{}");
  counters.refused.front() = 3;
  counters.refused.back() = 18446744073709551615U;
  CHECK(refusals_json(counters.refused) == R"({"clock-range":3,"witness":18446744073709551615})");
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
