// What the programs say of the same server: `doctor`, `verify`, ntsbox-status and the metrics. The
// expected answers are written by hand, row by row.

#include <functional>

#include "provision/core/checks.h"
#include "status/core/render.h"
#include "tests/diagnose/servers.h"
#include "tests/provision/support/evidence.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::diagnose;
using Catch::Matchers::ContainsSubstring;

namespace {

using std::chrono::days;

/// The texts on a server, from which each program takes its evidence.
struct Server {
  UtcSecond now = noon;
  std::optional<std::string> status = StatusText{};
  std::optional<std::string> tracking = diagnose::tracking("GPS");
  std::string sources = *healthy().sources;
  std::string selectdata = healthy().collection->selectdata;
  std::string authdata = healthy().collection->authdata;
  UtcSecond certificate_issued = noon - days{10};
  UtcSecond leap_table_end = noon + days{200};
  bool has_chronyc = true;
};

struct Row {
  const char* state;
  std::function<void(Server&)> change;
  const char* doctor;  // the findings that are not ok: "name?" a warning, "name!" a failure
  const char* verify;
  int status;  // exit status of ntsbox-status, and the metric ntsbox_verdict
  const char* remarks;
};

void never_synchronised(Server& server) {
  server.tracking = unsynchronised;
  server.sources = gps('?', "0") + upstream('?', "a.example", "0");
}

/// ntsboxd sends no samples.
StatusText silent(const std::string& state, const std::string& reason) {
  StatusText status;
  status.state = state;
  status.reason = reason.empty() ? "null" : "\"" + reason + "\"";
  status.summary = state + ": no samples: " + reason;
  return status;
}

StatusText no_fix(const std::string& state) {
  auto status = silent(state, "no-fix");
  status.fix_mode = 1;
  return status;
}

StatusText status_with(const std::function<void(StatusText&)>& change) {
  StatusText status;
  change(status);
  return status;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"all is well", [](Server&) {}, "", "", 0, ""},

      // The receiver and its messages.
      {"no antenna since the start",
       [](Server& s) {
         never_synchronised(s);
         s.status = no_fix("WAITING");
       },
       "fix! samples! refclock! upstream? synchronised!", "fix! samples!", 2,
       "no-fix:bad synchronised:bad upstream:degraded"},
      {"the antenna was lost a minute ago",
       [](Server& s) {
         s.status = no_fix("HOLD");
         s.tracking = tracking("GPS", seconds{60});
       },
       "holdover? fix! samples!", "fix! samples!", 1, "holdover:degraded no-fix:degraded"},
      {"the antenna was lost a day ago",
       [](Server& s) {
         s.status = no_fix("HOLD");
         s.tracking = tracking("GPS", seconds{86'400});
         s.sources = gps('?', "0");
       },
       "holdover! fix! samples! refclock!", "fix! samples!", 2, "holdover:bad no-fix:degraded"},
      {"the antenna was lost, and an upstream is followed",
       [](Server& s) {
         s.status = no_fix("HOLD");
         s.tracking = tracking("a.example", seconds{60}, "0.004000000");
         s.sources = gps('?', "0") + upstream('*', "a.example");
       },
       "upstream-time? fix! samples! refclock!", "fix! samples!", 1,
       "upstream-time:degraded no-fix:degraded"},
      {"the upstream that is followed is far away",
       [](Server& s) {
         s.status = no_fix("HOLD");
         s.tracking = tracking("a.example", seconds{60}, "0.090000000");
         s.sources = gps('?', "0") + upstream('*', "a.example");
       },
       "upstream-time! fix! samples! refclock!", "fix! samples!", 2,
       "upstream-time:bad no-fix:degraded"},
      {"the fix is lost, and ntsboxd still locked",
       [](Server& s) { s.status = status_with([](StatusText& status) { status.fix_mode = 1; }); },
       "fix!", "fix!", 1, "fix:degraded"},
      {"gpsd is dead",
       [](Server& s) {
         auto status = silent("HOLD", "no-gpsd");
         status.gpsd = false;
         s.status = status;
         s.tracking = tracking("GPS", seconds{20});
       },
       "holdover? gpsd! samples!", "gpsd! samples!", 1, "holdover:degraded no-gpsd:degraded"},
      {"gpsd is gone, and ntsboxd still locked",
       [](Server& s) { s.status = status_with([](StatusText& status) { status.gpsd = false; }); },
       "gpsd!", "gpsd!", 1, "gpsd:degraded"},
      {"the receiver was unplugged",
       [](Server& s) {
         s.status = silent("HOLD", "no-receiver");
         s.tracking = tracking("GPS", seconds{20});
       },
       "holdover? receiver! samples!", "receiver! samples!", 1,
       "holdover:degraded no-receiver:degraded"},
      {"a receiver that is nineteen years back",
       [](Server& s) {
         never_synchronised(s);
         s.status = silent("WAITING", "before-floor");
       },
       "samples! refclock! upstream? synchronised!", "samples!", 2,
       "before-floor:bad synchronised:bad upstream:degraded"},
      {"a receiver that contradicts itself",
       [](Server& s) {
         s.status = silent("FAULT", "fault");
         s.tracking = tracking("GPS", seconds{20});
       },
       "holdover? samples!", "samples!", 1, "holdover:degraded fault:degraded"},
      {"a receiver whose messages come too late",
       [](Server& s) {
         never_synchronised(s);
         s.status = silent("WAITING", "no-second");
       },
       "samples! refclock! upstream? synchronised!", "samples!", 2,
       "no-second:bad synchronised:bad upstream:degraded"},
      {"the kernel clock check objects",
       [](Server& s) {
         s.status = silent("HOLD", "witness");
         s.tracking = tracking("a.example", seconds{8}, "0.004000000");
         s.sources = gps('?', "0") + upstream('*', "a.example");
       },
       "upstream-time? samples! refclock!", "samples!", 1,
       "upstream-time:degraded witness:degraded"},

      // The pulses.
      {"no pulse since the start",
       [](Server& s) {
         never_synchronised(s);
         auto status = silent("WAITING", "");
         status.pulses_come = false;
         s.status = status;
       },
       "pulse! samples! refclock! upstream? synchronised!", "pulse! samples!", 2,
       "pulse:bad synchronised:bad upstream:degraded"},
      {"the pulse device cannot be opened",
       [](Server& s) {
         never_synchronised(s);
         auto status = silent("WAITING", "");
         status.open = status.pulses_come = false;
         status.pps_trouble = "/dev/pps0: Permission denied";
         s.status = status;
       },
       "pulse! samples! refclock! upstream? synchronised!", "pulse! samples!", 2,
       "pulse:bad synchronised:bad upstream:degraded"},
      {"no pulses, and ntsboxd still locked",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.pulses_come = false; });
       },
       "pulse!", "pulse!", 1, "pulse:degraded"},
      {"a pulse at the wrong rate",
       [](Server& s) {
         never_synchronised(s);
         s.status = silent("WAITING", "pulse-rate");
       },
       "samples! refclock! upstream? synchronised!", "samples!", 2,
       "pulse-rate:bad synchronised:bad upstream:degraded"},
      {"unsteady pulses",
       [](Server& s) { s.status = status_with([](StatusText& status) { status.jittery = 120; }); },
       "jitter?", "jitter?", 1, "jitter:degraded"},
      {"pulses that are hardly unsteady",
       [](Server& s) { s.status = status_with([](StatusText& status) { status.jittery = 100; }); },
       "", "", 0, ""},

      // ntsboxd.
      {"ntsboxd counts messages before its first sample",
       [](Server& s) {
         never_synchronised(s);
         s.status = silent("ACQUIRING", "acquiring");
       },
       "samples? refclock! upstream? synchronised!", "samples?", 2,
       "acquiring:bad synchronised:bad upstream:degraded"},
      {"ntsboxd has locked and sent no sample yet",
       [](Server& s) { s.status = status_with([](StatusText& status) { status.takes = "null"; }); },
       "holdover? samples?", "samples?", 1, "holdover:degraded samples:degraded"},
      {"the socket belongs to another user",
       [](Server& s) {
         never_synchronised(s);
         s.status = status_with([](StatusText& status) { status.takes = "false"; });
       },
       "samples! refclock! upstream? synchronised!", "samples!", 2,
       "samples:bad synchronised:bad upstream:degraded"},
      {"ntsboxd has stopped",
       [](Server& s) {
         s.status.reset();
         s.tracking = tracking("GPS", seconds{40});
       },
       "holdover? ntsboxd!", "ntsboxd!", 1, "holdover:degraded ntsboxd:degraded"},
      {"ntsboxd never ran",
       [](Server& s) {
         s.status.reset();
         never_synchronised(s);
       },
       "ntsboxd! refclock! upstream? synchronised!", "ntsboxd!", 2,
       "ntsboxd:bad synchronised:bad upstream:degraded"},
      {"the status file is eight seconds old",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.written = noon - seconds{8}; });
       },
       "", "", 0, ""},
      {"the status file is nine seconds old",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.written = noon - seconds{9}; });
       },
       "holdover? ntsboxd!", "ntsboxd!", 1, "holdover:degraded ntsboxd:degraded"},
      {"the status file is of the future",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.written = noon + seconds{3600}; });
       },
       "holdover? ntsboxd!", "ntsboxd!", 1, "holdover:degraded ntsboxd:degraded"},
      {"the status file is cut", [](Server& s) { s.status = "{\"state\": "; }, "holdover? ntsboxd!",
       "ntsboxd!", 1, "holdover:degraded ntsboxd:degraded"},

      // chronyd and its sources.
      {"chronyd does not answer", [](Server& s) { s.tracking.reset(); }, "chronyd!", "", 2,
       "chronyd:bad"},
      {"chronyd does not answer, and takes no samples",
       [](Server& s) {
         s.tracking.reset();
         s.status = status_with([](StatusText& status) { status.takes = "false"; });
       },
       "chronyd! samples!", "samples!", 2, "chronyd:bad samples:degraded"},
      {"chrony is not installed",
       [](Server& s) {
         s.has_chronyc = false;
         s.tracking.reset();
         s.status.reset();
       },
       "chronyc! ntsboxd!", "ntsboxd!", 3, "chronyc:unknown ntsboxd:degraded"},
      {"chronyd has no refclock",
       [](Server& s) {
         s.tracking = unsynchronised;
         s.sources = "";
       },
       "refclock! synchronised!", "", 2, "refclock:bad synchronised:bad"},
      {"chronyd has no refclock, and no socket either",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.takes = "false"; });
         s.tracking = unsynchronised;
         s.sources = "";
       },
       "samples! refclock! synchronised!", "samples!", 2, "refclock:bad synchronised:bad"},
      {"chronyd gets nothing of what ntsboxd sends",
       [](Server& s) {
         s.tracking = unsynchronised;
         s.sources = gps('?', "0");
       },
       "refclock! synchronised!", "", 2, "refclock:bad synchronised:bad"},
      {"ntsboxd has just locked",
       [](Server& s) {
         s.status = status_with([](StatusText& status) { status.since = noon - seconds{9}; });
         s.tracking = unsynchronised;
         s.sources = gps('?', "0");
       },
       "refclock? synchronised!", "", 2, "refclock:bad synchronised:bad"},
      {"chronyd waits for more sources",
       [](Server& s) {
         s.tracking = unsynchronised;
         s.sources = gps('?');
         s.selectdata = "W,GPS,N,-,-,-,-,-,-,-,-,-,-,0,1.0,-0.000000021,0.000000021,Normal\n";
       },
       "refclock? synchronised!", "", 2, "refclock:bad synchronised:bad"},
      {"chronyd prefers the upstreams, and ntsboxd is well",
       [](Server& s) {
         s.tracking = tracking("a.example", seconds{8}, "0.004000000");
         s.sources = gps('-') + upstream('*', "a.example");
       },
       "upstream-time? refclock?", "", 1, "upstream-time:degraded refclock:degraded"},
      {"the wrong edge, and two upstreams that outvote it",
       [](Server& s) {
         s.tracking = tracking("a.example", seconds{8}, "0.004000000");
         s.sources = gps('x') + upstream('*', "a.example") + upstream('+', "b.example");
       },
       "upstream-time? refclock!", "", 1, "upstream-time:degraded refclock:degraded"},
      {"the receiver and the only upstream contradict each other",
       [](Server& s) {
         s.tracking = unsynchronised;
         s.sources = gps('x') + upstream('x', "a.example", "377", "1.000000000");
       },
       "refclock! disagreement? synchronised!", "", 2,
       "refclock:bad synchronised:bad disagreement:degraded"},
      {"one falseticker among the upstreams",
       [](Server& s) { s.sources = gps('*') + upstream('-', "a") + upstream('x', "b"); },
       "disagreement?", "", 1, "disagreement:degraded"},
      {"all upstreams contradict the receiver",
       [](Server& s) {
         s.sources = gps('*') + upstream('x', "a", "377", "1.000000000") +
                     upstream('x', "b", "377", "1.000400000");
       },
       "disagreement!", "", 2, "disagreement:bad"},
      {"an upstream that is farther off than its margin",
       [](Server& s) {
         s.sources = gps('*') + upstream('-', "a") + upstream('-', "b", "377", "-0.010000000");
       },
       "disagreement?", "", 1, "disagreement:degraded"},
      {"no upstream answers", [](Server& s) { s.sources = gps('*') + upstream('?', "a", "0"); },
       "upstream?", "", 1, "upstream:degraded"},
      {"no upstream is asked", [](Server& s) { s.sources = gps('*'); }, "", "", 0, ""},
      {"an NTS handshake with an upstream fails",
       [](Server& s) { s.authdata = "a.example,NTS,1,15,256,120,3,0,0,100\n"; }, "authentication?",
       "", 1, "authentication:degraded"},
      {"an upstream without authentication",
       [](Server& s) { s.authdata = "a.example,-,0,0,0,4294967295,0,0,0,0\n"; }, "authentication?",
       "", 1, "authentication:degraded"},

      // The clock and what expires.
      {"the clock is still far off",
       [](Server& s) { s.tracking = tracking("GPS", seconds{4}, "0.000001500", "-0.800000000"); },
       "error!", "", 2, "error:bad"},
      {"the clock is just good enough",
       [](Server& s) { s.tracking = tracking("GPS", seconds{4}, "0.000001500", "-0.049000000"); },
       "", "", 0, ""},
      {"the clock shows a date before the release", [](Server& s) { s.now = noon - days{40}; },
       "certificate! holdover? ntsboxd! clock!", "certificate! ntsboxd!", 2,
       "clock:bad holdover:degraded ntsboxd:degraded"},
      {"the certificate ends in three weeks",
       [](Server& s) { s.certificate_issued = noon - days{3650} + days{20}; }, "certificate?",
       "certificate?", 1, "certificate:degraded"},
      {"the certificate has ended", [](Server& s) { s.certificate_issued = noon - days{3700}; },
       "certificate!", "certificate!", 2, "certificate:bad"},
      {"the certificate has not begun", [](Server& s) { s.certificate_issued = noon + days{3000}; },
       "certificate!", "certificate!", 2, "certificate:bad"},
      {"the table of leap seconds has ended", [](Server& s) { s.leap_table_end = noon - days{1}; },
       "leap-seconds?", "", 1, "leap-seconds:degraded"},
      {"two troubles at once",
       [](Server& s) {
         s.leap_table_end = noon - days{1};
         s.sources = gps('*') + upstream('x', "a", "377", "1.000000000") +
                     upstream('x', "b", "377", "1.000400000");
       },
       "leap-seconds? disagreement!", "", 2, "disagreement:bad leap-seconds:degraded"},
  };
  return all;
}

const certs::Issued& issued_at(UtcSecond when) {
  static std::map<UtcSecond, certs::Issued> all;
  auto found = all.find(when);
  if (found == all.end())
    found = all.emplace(when, certs::issue_pin({{"box.test"}, {}}, certs::KeyKind::p256,
                                               {when, when, false})
                                  .value())
                .first;
  return found->second;
}

Evidence for_status(const Server& server) {
  Evidence evidence;
  evidence.now = SystemTime{server.now.time_since_epoch()};
  evidence.chronyc_there = server.has_chronyc;
  evidence.status = server.status;
  evidence.tracking = server.tracking;
  if (server.tracking) evidence.sources = server.sources;
  evidence.leap_table = leap_table(server.leap_table_end);
  Collection collection;
  collection.written = noon - seconds{30};
  collection.selectdata = server.selectdata;
  collection.authdata = server.authdata;
  collection.certificate = issued_at(server.certificate_issued).certificate;
  // The collector fails without chronyd's answers, and keeps nothing.
  if (server.tracking) evidence.collection = collection;
  return evidence;
}

provision::Evidence for_verify(const Server& server) {
  auto evidence = provision::testing::healthy();
  evidence.now = server.now;
  evidence.status = server.status;
  evidence.sources = evidence.authdata = evidence.selectdata = evidence.tracking = std::nullopt;
  evidence.leap_seconds.reset();
  const auto& issued = issued_at(server.certificate_issued);
  for (const auto* path : {provision::pki_certificate, provision::served_certificate})
    evidence.entries.at(path)->content = issued.certificate;
  evidence.pair = issued.key + issued.certificate;
  return evidence;
}

provision::Evidence for_doctor(const Server& server) {
  auto evidence = for_verify(server);
  const int status = !server.has_chronyc ? 127 : server.tracking ? 0 : 1;
  evidence.tracking = provision::Answer{status, server.tracking.value_or("")};
  evidence.sources = provision::Answer{status, server.sources};
  evidence.authdata = provision::Answer{status, server.authdata};
  evidence.selectdata = provision::Answer{status, server.selectdata};
  evidence.leap_seconds = leap_table(server.leap_table_end);
  return evidence;
}

/// "fix! samples?"
std::string not_ok(const Findings& findings) {
  std::string names;
  for (const auto& finding : findings) {
    if (finding.severity == Severity::ok) continue;
    CHECK_FALSE(finding.hint.empty());
    names += (names.empty() ? "" : " ") + finding.name +
             (finding.severity == Severity::failed ? "!" : "?");
  }
  return names;
}

/// "no-fix:bad upstream:degraded"
std::string named(const std::vector<Remark>& remarks) {
  std::string names;
  for (const auto& remark : remarks)
    names += fmt::format("{}{}:{}", names.empty() ? "" : " ", remark.name, name_of(remark.grade));
  return names;
}

}  // namespace

TEST_CASE("doctor, verify, ntsbox-status and the metrics agree on each state of a server",
          "[diagnose][states]") {
  CHECK(rows().size() >= 40);
  for (const auto& row : rows()) {
    CAPTURE(row.state);
    Server server;
    row.change(server);
    CHECK(not_ok(provision::doctor(for_doctor(server))) == row.doctor);
    CHECK(not_ok(provision::verify(for_verify(server))) == row.verify);
    const auto view = look(for_status(server));
    const auto health = health_of(view, contract::good_time);
    CHECK(static_cast<int>(health.grade) == row.status);
    CHECK(named(health.remarks) == row.remarks);
    const auto metrics = status::in_metrics(view, health);
    CHECK_THAT(metrics, ContainsSubstring(fmt::format("\nntsbox_verdict {}\n", row.status)));
    for (const auto& remark : health.remarks)
      CHECK_THAT(metrics,
                 ContainsSubstring(fmt::format("\nntsbox_remarks{{name=\"{}\",grade=\"{}\"}} 1\n",
                                               remark.name, name_of(remark.grade))));
    const auto json = status::in_json(view, health);
    CHECK_THAT(json, ContainsSubstring(fmt::format("\"status\": {}, ", row.status)));
  }
}

TEST_CASE("a server that doctor calls well is well, and one with bad time has failed",
          "[diagnose][states]") {
  for (const auto& row : rows()) {
    CAPTURE(row.state);
    const std::string_view doctor = row.doctor;
    CHECK(doctor.empty() == (row.status == 0));
    if (row.status >= 2) CHECK(doctor.find('!') != std::string_view::npos);
  }
}
