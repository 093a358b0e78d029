#include <functional>

#include "diagnose/checks.h"
#include "tests/diagnose/servers.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::diagnose;
using Catch::Matchers::ContainsSubstring;

namespace {

using std::chrono::days;

struct Sick {
  const char* what;  // the sentence
  std::function<void(Evidence&)> spoil;
  Grade grade;
  const char* name;     // of the first remark
  const char* verdict;  // a part of it
  const char* cure;     // a part of it
};

std::string status_with(const std::function<void(StatusText&)>& change) {
  StatusText status;
  change(status);
  return status;
}

/// ntsboxd in another state, and chronyd that follows nobody yet.
void silent(Evidence& server, const std::string& state, const std::string& reason,
            const std::string& summary) {
  server.status = status_with([&](StatusText& status) {
    status.state = state;
    status.reason = reason.empty() ? "null" : "\"" + reason + "\"";
    status.summary = state + ": no samples: " + summary;
    status.pulses_come = !reason.empty();
  });
}

void never_synchronised(Evidence& server) {
  server.tracking = unsynchronised;
  server.sources = gps('?', "0") + upstream('?', "a.example", "0");
}

const std::vector<Sick>& sick_servers() {
  static const std::vector<Sick> servers{
      {"no antenna since the start",
       [](Evidence& server) {
         never_synchronised(server);
         silent(server, "WAITING", "no-fix", "gpsd has no fix");
       },
       Grade::bad, "no-fix", "gpsd has no fix", "free view of the sky"},
      {"the antenna was lost a minute ago",
       [](Evidence& server) {
         silent(server, "HOLD", "no-fix", "gpsd has no fix");
         server.tracking = tracking("GPS", seconds{60});
       },
       Grade::degraded, "holdover", "run free for 60 s, and is off by", "free view of the sky"},
      {"the antenna was lost a day ago",
       [](Evidence& server) {
         silent(server, "HOLD", "no-fix", "gpsd has no fix");
         server.tracking = tracking("GPS", seconds{86400});
         server.sources = gps('?', "0");
       },
       Grade::bad, "holdover", "run free for 24 h 0 min, and is off by 4", "free view of the sky"},
      {"the antenna was lost, and an upstream is followed",
       [](Evidence& server) {
         silent(server, "HOLD", "no-fix", "gpsd has no fix");
         server.tracking = tracking("a.example", seconds{60}, "0.004000000");
         server.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::degraded, "upstream-time", "that of a.example, within 4.1 ms", "view of the sky"},
      {"the upstream that stands in is far away",
       [](Evidence& server) {
         silent(server, "HOLD", "no-fix", "gpsd has no fix");
         server.tracking = tracking("a.example", seconds{60}, "0.090000000");
         server.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::bad, "upstream-time", "within 91 ms", "view of the sky"},
      {"no pulse",
       [](Evidence& server) {
         never_synchronised(server);
         silent(server, "WAITING", "", "no pulses arrive");
       },
       Grade::bad, "pulse", "no pulses arrive", "PPS wire"},
      {"the pulse device cannot be opened",
       [](Evidence& server) {
         never_synchronised(server);
         server.status = status_with([](StatusText& status) {
           status.state = "WAITING";
           status.summary = "WAITING: no samples: /dev/pps0: Permission denied";
           status.open = status.pulses_come = false;
           status.pps_trouble = "/dev/pps0: Permission denied";
         });
       },
       Grade::bad, "pulse", "Permission denied", "allowed to read it"},
      {"the wrong edge, seen by the witness",
       [](Evidence& server) {
         silent(server, "HOLD", "witness", "the synchronised system clock disagrees");
         server.tracking = tracking("a.example", seconds{8}, "0.004000000");
         server.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::degraded, "upstream-time", "a.example", "wrong edge"},
      {"the wrong edge, seen by chronyd",
       [](Evidence& server) {
         server.tracking = tracking("a.example", seconds{8}, "0.004000000");
         server.sources = gps('x') + upstream('*', "a.example") + upstream('+', "b.example");
       },
       Grade::degraded, "upstream-time", "not the receiver's", "wrong edge"},
      {"receiver and the only upstream contradict each other",
       [](Evidence& server) {
         server.tracking = unsynchronised;
         server.sources = gps('x') + upstream('x', "a.example", "377", "1.000000000");
       },
       Grade::bad, "refclock", "rejects the refclock GPS as a falseticker",
       "which of them is wrong"},
      {"a pulse at the wrong rate",
       [](Evidence& server) {
         never_synchronised(server);
         silent(server, "WAITING", "pulse-rate", "the pulses are not once a second");
       },
       Grade::bad, "pulse-rate", "not once a second", "one pulse a second"},
      {"a receiver that is nineteen years back",
       [](Evidence& server) {
         never_synchronised(server);
         silent(server, "WAITING", "before-floor", "the receiver's date is in the past");
       },
       Grade::bad, "before-floor", "in the past", "firmware"},
      {"a receiver that contradicts itself",
       [](Evidence& server) {
         silent(server, "FAULT", "fault", "the receiver contradicts the second that was known");
         server.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free for 20 s", "false signals"},
      {"gpsd is dead",
       [](Evidence& server) {
         silent(server, "HOLD", "no-gpsd", "gpsd cannot be reached");
         server.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free", "systemctl status gpsd"},
      {"the receiver was unplugged",
       [](Evidence& server) {
         silent(server, "HOLD", "no-receiver", "no receiver speaks");
         server.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free", "plugged in"},
      {"the socket belongs to somebody else",
       [](Evidence& server) {
         never_synchronised(server);
         server.status = status_with([](StatusText& status) {
           status.takes = "false";
           status.chrony_trouble = "/run/chrony.ntsbox.sock: samples are dropped: no permission";
         });
       },
       Grade::bad, "samples", "no permission", "systemctl restart chrony"},
      {"ntsboxd does not run",
       [](Evidence& server) {
         server.status.reset();
         server.tracking = tracking("GPS", seconds{40});
       },
       Grade::degraded, "holdover", "run free for 40 s", "systemctl status ntsboxd"},
      {"ntsboxd never ran",
       [](Evidence& server) {
         server.status.reset();
         never_synchronised(server);
       },
       Grade::bad, "ntsboxd", "does not run", "systemctl status ntsboxd"},
      {"ntsboxd hangs",
       [](Evidence& server) {
         server.status =
             status_with([](StatusText& status) { status.written = noon - seconds{9}; });
       },
       Grade::degraded, "holdover", "run free", "systemctl restart ntsboxd"},
      {"the status file is rubbish", [](Evidence& server) { server.status = "{\"state\": "; },
       Grade::degraded, "holdover", "run free", "systemctl status ntsboxd"},
      {"chronyd does not run",
       [](Evidence& server) {
         server.tracking.reset();
         server.sources.reset();
       },
       Grade::bad, "chronyd", "no time is served", "systemctl status chrony"},
      {"chronyd has no refclock",
       [](Evidence& server) {
         server.tracking = unsynchronised;
         server.sources = "";
       },
       Grade::bad, "refclock", "no refclock GPS", "ntsbox-provision apply"},
      {"chronyd gets nothing of what ntsboxd sends",
       [](Evidence& server) {
         server.tracking = unsynchronised;
         server.sources = gps('?', "0");
       },
       Grade::bad, "refclock", "none of them reaches chronyd", "restart chrony ntsboxd"},
      {"ntsboxd has just come back",
       [](Evidence& server) {
         server.status = status_with([](StatusText& status) { status.since = noon - seconds{9}; });
         server.tracking = unsynchronised;
         server.sources = gps('?', "0");
       },
       Grade::bad, "refclock", "has just locked", "wait a minute"},
      {"chronyd has no refclock, and no socket either",
       [](Evidence& server) {
         server.status = status_with([](StatusText& status) { status.takes = "false"; });
         server.tracking = unsynchronised;
         server.sources = "";
       },
       Grade::bad, "refclock", "no refclock GPS", "ntsbox-provision apply"},
      {"chronyd waits for more sources",
       [](Evidence& server) {
         server.tracking = unsynchronised;
         server.sources = gps('?');
         server.collection->selectdata =
             "W,GPS,N,-,-,-,-,-,-,-,-,-,-,0,1.0,-0.000000021,0.000000021,Normal\n";
       },
       Grade::bad, "refclock", "does not follow the receiver (?)", "minsources"},
      {"the clock is still far off",
       [](Evidence& server) {
         server.tracking = tracking("GPS", seconds{4}, "0.000001500", "-0.800000000");
       },
       Grade::bad, "error", "off by up to 801 ms", "makestep"},
      {"one falseticker among the upstreams",
       [](Evidence& server) {
         server.sources = gps('*') + upstream('-', "a") + upstream('x', "b");
       },
       Grade::degraded, "disagreement", "1 of 2 upstreams contradict the receiver", "--upstream"},
      {"all upstreams disagree by a second",
       [](Evidence& server) {
         server.sources = gps('*') + upstream('x', "a", "377", "1.000000000") +
                          upstream('x', "b", "377", "1.000400000");
       },
       Grade::bad, "disagreement", "2 of 2 upstreams contradict the receiver, by up to 1.0 s",
       "trust neither"},
      {"an upstream that is farther off than its margin",
       [](Evidence& server) {
         server.sources = gps('*') + upstream('-', "a") + upstream('-', "b", "377", "-0.010000000");
       },
       Grade::degraded, "disagreement", "by up to 10 ms: b", "--upstream"},
      {"no upstream answers",
       [](Evidence& server) { server.sources = gps('*') + upstream('?', "a", "0"); },
       Grade::degraded, "upstream", "nothing cross-checks the receiver", "4460/tcp"},
      {"an NTS handshake that fails",
       [](Evidence& server) {
         server.collection->authdata = "a.example,NTS,1,15,256,120,3,0,0,100\n";
       },
       Grade::degraded, "authentication", "a.example: the NTS handshake fails", "journalctl"},
      {"an upstream without authentication",
       [](Evidence& server) {
         server.collection->authdata = "a.example,-,0,0,0,4294967295,0,0,0,0\n";
       },
       Grade::degraded, "authentication", "not authenticated", "by NTS"},
      {"unsteady pulses",
       [](Evidence& server) {
         server.status = status_with([](StatusText& status) { status.jittery = 120; });
       },
       Grade::degraded, "jitter", "120 of the last 1000 pulses", "--tune"},
      {"a certificate that ends in a month",
       [](Evidence& server) {
         server.collection->certificate = certificate(noon - days{3650} + days{20});
       },
       Grade::degraded, "certificate", "expires in", "renew"},
      {"a certificate that has ended",
       [](Evidence& server) { server.collection->certificate = certificate(noon - days{3700}); },
       Grade::bad, "certificate", "has expired", "renew"},
      {"a certificate of the future",
       [](Evidence& server) { server.collection->certificate = certificate(noon + days{3000}); },
       Grade::bad, "certificate", "is the clock right", "renew --switch"},
      {"a certificate that is none",
       [](Evidence& server) { server.collection->certificate = "rubbish"; }, Grade::bad,
       "certificate", "cannot be read", "doctor"},
      {"an old table of leap seconds",
       [](Evidence& server) { server.leap_table = leap_table(noon - days{1}); }, Grade::degraded,
       "leap-seconds", "2026-11-24", "tzdata"},
      {"no chrony at all",
       [](Evidence& server) {
         server = Evidence{};
         server.now = SystemTime{noon.time_since_epoch()};
         server.chronyc_there = false;
       },
       Grade::unknown, "chronyc", "not installed", "ntsbox-provision"},
  };
  return servers;
}

Health health_at(const Evidence& evidence) {
  return health_of(look(evidence), limit);
}

}  // namespace

TEST_CASE("a server that is well is told to be, with its error and its witnesses") {
  const auto health = health_at(healthy());
  CHECK(health.grade == Grade::well);
  CHECK(health.remarks.empty());
  CHECK(health.hint.empty());
  CHECK(health.verdict == "the time is the receiver's, within 12 us; all 3 upstreams agree");
}

TEST_CASE("each sick server has its verdict, its exit status and its cure") {
  CHECK(sick_servers().size() >= 25);
  for (const auto& sick : sick_servers()) {
    CAPTURE(sick.what);
    auto server = healthy();
    sick.spoil(server);
    const auto health = health_at(server);
    CHECK(health.grade == sick.grade);
    REQUIRE_FALSE(health.remarks.empty());
    CHECK(health.remarks.front().name == sick.name);
    CHECK_THAT(health.verdict, ContainsSubstring(sick.verdict));
    CHECK_THAT(health.hint, ContainsSubstring(sick.cure));
  }
}

TEST_CASE("the limit decides when a clock that runs free is no longer good") {
  auto server = healthy();
  silent(server, "HOLD", "no-fix", "gpsd has no fix");
  server.tracking = tracking("GPS", seconds{600});
  const auto view = look(server);
  CHECK(view.following == Following::holdover);
  CHECK(health_of(view, 1ms).grade == Grade::bad);
  CHECK(health_of(view, 50ms).grade == Grade::degraded);
}

TEST_CASE("a feed that falls silent is noticed within ten seconds") {
  for (const auto age : {0, 4, 8}) {
    auto server = healthy();
    server.status = status_with([&](StatusText& status) { status.written = noon - seconds{age}; });
    CHECK(health_at(server).grade == Grade::well);
  }
  for (const auto age : {9, 60, 86'400}) {
    auto server = healthy();
    server.status = status_with([&](StatusText& status) { status.written = noon - seconds{age}; });
    CHECK(health_at(server).grade != Grade::well);
  }
}

TEST_CASE("a status from the future was written before the clock was stepped") {
  auto server = healthy();
  server.status = status_with([](StatusText& status) { status.written = noon + seconds{3600}; });
  CHECK_FALSE(look(server).daemon_is_fresh);
  server.tracking = tracking("GPS", seconds{-3600});
  CHECK(look(server).unsteered == seconds{0});
}

TEST_CASE("what was collected long ago is not shown as of now") {
  auto server = healthy();
  server.collection->written = noon - seconds{301};
  server.collection->certificate = certificate(noon - days{3700});
  const auto view = look(server);
  CHECK_FALSE(view.collected);
  CHECK_FALSE(view.served);
  CHECK(health_of(view, limit).grade == Grade::well);
}

TEST_CASE("every remark has a cure, and the gravest is the first") {
  auto server = healthy();
  never_synchronised(server);
  silent(server, "WAITING", "no-fix", "gpsd has no fix");
  server.leap_table = leap_table(noon - days{1});
  server.collection->certificate = "rubbish";
  const auto health = health_at(server);
  REQUIRE(health.remarks.size() >= 4);
  for (const auto& remark : health.remarks) CHECK_FALSE(remark.hint.empty());
  CHECK(health.remarks.front().name == "no-fix");
  CHECK(health.remarks.back().grade == Grade::degraded);
}

TEST_CASE("a collection survives its file") {
  const auto collection = *healthy().collection;
  CHECK(parse_collection(to_json(collection)) == collection);
  CHECK_FALSE(parse_collection("{}"));
  CHECK_FALSE(parse_collection("{\"written\": \"yesterday\"}"));
  CHECK_FALSE(parse_collection(to_json(collection).substr(0, 100)));
}
