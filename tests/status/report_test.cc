#include <set>

#include "base/json.h"
#include "base/text.h"
#include "posix/file.h"
#include "status/core/render.h"
#include "status/io/gather.h"
#include "tests/diagnose/servers.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::status;
using namespace ntsbox::diagnose;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string screen_of(const Evidence& evidence, bool colour = false) {
  const auto view = look(evidence);
  return in_screen(view, health_of(view, limit), "gps.example.org", colour);
}

std::string metrics_of(const Evidence& evidence) {
  const auto view = look(evidence);
  return in_metrics(view, health_of(view, limit));
}

std::string json_of(const Evidence& evidence) {
  const auto view = look(evidence);
  return in_json(view, health_of(view, limit));
}

/// All that may be strange at once.
Evidence strange() {
  auto server = healthy();
  const std::string long_name(200, 'n');
  server.sources = gps('*') + gps('-') + upstream('x', long_name) + upstream('?', "b\"\\", "0");
  for (int i = 0; i < 20; ++i) *server.sources += upstream('-', fmt::format("host{}.example", i));
  server.status = StatusText{};
  server.collection->authdata = long_name + ",NTS,1,15,256,120,3,0,0,100\n";
  return server;
}

}  // namespace

TEST_CASE("the screen of a server that is well") {
  CHECK(screen_of(healthy()) ==
        R"(            gps.example.org                             2026-11-25 12:00:00 UTC
GOOD        the time is the receiver's, within 12 us; all 3 upstreams agree

ntsboxd     LOCKED since 2026-11-22 10:00:00
receiver    /dev/ttyAMA0; 3D fix, 9 satellites
pulses      250000 from /dev/pps0, 3 missed; 249980 samples
refused     18 acquiring, 2 off-beat
jitter        ####
              ####
              ####
  below      100ns   1ms
            of the last 1000 pulses, each against its neighbours
chronyd     stratum 1, follows the receiver, error within 12 us
            to correct +12 ns; frequency 5.100 ppm slow, +-0.020
sources       name                           reach auth  ahead by     within
            * GPS                              377         +10 ns   +-10 us
            - a.example                        377  NTS   +400 us   +-9.0 ms
            - b.example                        377  NTS   +400 us   +-9.0 ms
            - c.example                        377        +400 us   +-9.0 ms
served      packets 812 (640 by NTS, 4 dropped); handshakes 7; recent clients 3
good until  certificate until 2036-11-14; leap seconds until 2027-06-13
)");
}

TEST_CASE("no line is longer than a terminal of 80 columns") {
  for (const auto& server : {healthy(), strange(), Evidence{}}) {
    const auto screen = screen_of(server);
    for (const auto line : lines_of(screen)) {
      CAPTURE(line);
      // But for a word that is longer than a line by itself.
      CHECK((line.size() < 80 || line.find(std::string(150, 'n')) != std::string::npos));
    }
  }
}

TEST_CASE("the screen fits into a window of 24 lines while all is well") {
  CHECK(lines_of(screen_of(healthy())).size() <= 24);
}

TEST_CASE("only a terminal gets colours, and nobody gets what others wrote to control it") {
  CHECK(screen_of(healthy()).find('\x1b') == std::string::npos);
  CHECK_THAT(screen_of(healthy(), true), ContainsSubstring("\x1b[1;32mGOOD"));
  auto server = healthy();
  server.status =
      R"({"state": "LOCKED", "pps": {"source": "\u001b[2J"}, "receiver": {"device": "\u001b]0;x\u0007"}})";
  CHECK(screen_of(server).find('\x1b') == std::string::npos);
}

TEST_CASE("no output holds a control of 7 or 8 bits that others wrote") {
  auto server = healthy();
  server.status =
      "{\"state\": \"LOCKED\",\r \"receiver\": {\"device\": \"\\u009b31m\", \"other\": "
      "\"\u009b\x7f\"}}";
  *server.sources += "^,-,\xc2\x9b\x9b\x1b[2J,1,6,377,33,0.0,0.0,0.1\n";
  for (const auto& text : {screen_of(server), json_of(server), metrics_of(server)}) {
    CHECK(text.find_first_of("\x1b\r\x7f\x9b") == std::string::npos);
    CHECK(text.find("\xc2\x9b") == std::string::npos);
  }
  CHECK_THAT(json_of(server), ContainsSubstring(R"("other": "\u009b\u007f")"));
}

TEST_CASE("what could not be read is unknown in every output, and never 0") {
  auto server = healthy();
  server.collection->clients.reset();
  server.collection->certificate.reset();
  server.status = R"({"state": "LOCKED"})";
  CHECK_THAT(screen_of(server), ContainsSubstring("recent clients\n            unknown") &&
                                    ContainsSubstring("certificate unknown"));
  CHECK_THAT(json_of(server), ContainsSubstring(R"("clients": null)"));
  CHECK_THAT(metrics_of(server),
             !ContainsSubstring("ntsbox_clients") && !ContainsSubstring("ntsbox_samples_taken"));
  CHECK_THAT(served_line(*server.collection), ContainsSubstring(R"("served":[null,812,640,7])"));
  CHECK(parse_collection(to_json(*server.collection)) == server.collection);
  server.collection->certificate = "";
  CHECK_THAT(screen_of(server), ContainsSubstring("certificate missing"));
  server.collection->serverstats = "812,?,147,0,0,7,1,640,0,0,0\n";
  CHECK_THAT(metrics_of(server), !ContainsSubstring("ntsbox_ntp_packets"));
}

TEST_CASE("what is found is one JSON object, with ntsboxd's own inside") {
  JsonParser parser{{std::size_t{1} << 20, 16}};
  for (const auto& server : {healthy(), strange(), Evidence{}}) {
    std::set<std::string> keys;
    CHECK(parser.parse_nested(json_of(server), [&](std::string_view key, const JsonValue&) {
      keys.insert(std::string{key});
    }));
    for (const auto* key : {"grade", "status", "verdict", "cure", "remarks", "sources"})
      CHECK(keys.contains(key));
  }
  CHECK_THAT(json_of(healthy()), ContainsSubstring(R"("status": 0)") &&
                                     ContainsSubstring(R"("satellites_used": 9)") &&
                                     ContainsSubstring(R"("bound_ns": 11512)"));
}

TEST_CASE("no series of the metrics stands there twice") {
  for (const auto& server : {healthy(), strange(), Evidence{}}) {
    std::set<std::string> series;
    const auto metrics = metrics_of(server);
    for (const auto line : lines_of(metrics)) {
      CAPTURE(line);
      if (line.starts_with('#')) continue;
      CHECK(series.insert(std::string{line.substr(0, line.rfind(' '))}).second);
    }
  }
}

TEST_CASE("every counter of the bridge is a metric") {
  const auto metrics = metrics_of(healthy());
  for (const auto* line :
       {"ntsbox_pulses_total 250000\n", "ntsbox_samples_total 249980\n",
        "ntsbox_pulses_missed_total 3\n", "ntsbox_pulses_refused_total{reason=\"acquiring\"} 18\n",
        "ntsbox_pulse_jitter_seconds_bucket{le=\"1e-07\"} 250000\n",
        "ntsbox_pulse_jitter_seconds_count 250000\n", "ntsbox_verdict 0\n",
        "ntsbox_chrony_frequency_ratio -0.000005100\n",
        "ntsbox_chrony_source_reach_ratio{source=\"GPS\",kind=\"refclock\"} 1\n",
        "ntsbox_error_bound_seconds 0.000011512\n", "ntsbox_clients 3\n"})
    CHECK_THAT(metrics, ContainsSubstring(line));
  CHECK_THAT(metrics_of(strange()), ContainsSubstring(R"(source="b\"\\")"));
}

TEST_CASE("who was served is one line of history, and none when chronyd does not tell") {
  auto collection = *healthy().collection;
  collection.serverstats = "900,1,7,0,0,4,0,800,0,0,0,0,0,0,0,0,0\n";
  CHECK(served_line(collection) == fmt::format("{{\"t\":{},\"served\":[3,900,800,4]}}\n",
                                               collection.written.time_since_epoch().count()));
  collection.serverstats = "506 Cannot talk to daemon\n";
  CHECK(served_line(collection).empty());
}

TEST_CASE("lines of history wait for each other, and none is lost") {
  const test::Folder folder;
  const auto waiting = folder / "served.jsonl";
  const auto kept = folder / "served";
  for (int i = 0; i < 25; ++i) REQUIRE(keep_served(noon, fmt::format("{}\n", i), waiting, kept));
  std::string expected;
  for (int i = 0; i < 20; ++i) expected += fmt::format("{}\n", i);
  CHECK(read_file(kept + "/2026-11-25.jsonl", 1000) == expected);
  CHECK(read_file(waiting, 1000) == "20\n21\n22\n23\n24\n");
  CHECK_FALSE(keep_served(noon, "a\nb\nc\nd\ne\n", waiting, "/proc/none"));
}
