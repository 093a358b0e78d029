#include "driver/core/event_log.h"

#include <string>

#include "contract/status_file.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string at = R"("system":"1795341600.000100000","monotonic":"1000.000100000")";

std::string pulse(const std::string& members) {
  return R"({"event":"pulse",)" + at + "," + members + "}";
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
  CHECK(refusals_json(counters.refused) ==
        R"({"clock-range":3,"late-messages":18446744073709551615})");
}
