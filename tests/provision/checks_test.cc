#include "provision/core/checks.h"

#include "base/release.h"
#include "provision/core/facts.h"
#include "tests/provision/support/evidence.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("a healthy box has no trouble", "[provision][checks]") {
  auto evidence = healthy();
  evidence.leap_seconds = "#@\t4102444800\n";
  CHECK(troubles(verify(evidence)) == "");
  CHECK(troubles(doctor(evidence)) == "");
  CHECK_FALSE(may_settle(evidence, seconds{60}));
}

TEST_CASE("no evidence at all is trouble, and no crash", "[provision][checks]") {
  CHECK(worst(verify({})) == Severity::failed);
  CHECK(worst(doctor({})) == Severity::failed);
}

TEST_CASE("each link of the feed that is missing is told by itself, with its cure",
          "[provision][checks]") {
  struct Case {
    const char* from;
    const char* to;
    const char* told;
  };

  for (const auto& [from, to, told] :
       {Case{R"("pulses_come": true)", R"("pulses_come": false)",
             "failed pulse: no pulses arrive (is the PPS wire"},
        {R"("open": true)", R"("open": false)", "failed pulse"},
        {R"("fix_mode": 3)", R"("fix_mode": 1)",
         "failed fix: the receiver has no fix (has the antenna"},
        {R"("device": "/run/gps")", R"("device": "")",
         "failed receiver: gpsd gets nothing from a receiver"},
        {R"("connected": true, "trouble": "")",
         R"("connected": false, "trouble": "gpsd at ::1: refused")",
         "failed gpsd: gpsd at ::1: refused (systemctl status gpsd"},
        {R"("takes_samples": true, "trouble": "")",
         R"("takes_samples": false, "trouble": "/run/chrony.ntsbox.sock: Permission denied")",
         "failed samples: /run/chrony.ntsbox.sock: Permission "
         "denied"},
        {R"("takes_samples": true)", R"("takes_samples": null)", "warning samples"},
        {R"("state": "LOCKED")", R"("state": "ACQUIRING")", "warning samples"},
        {R"("written": "2026-11-25T03:59:20Z")", R"("written": "2026-11-25T03:50:20Z")",
         "failed ntsboxd"},
        {R"("state": "LOCKED")", R"("mate": "LOCKED")", "failed ntsboxd"}}) {
    CAPTURE(to);
    CHECK_THAT(one_trouble(verify(with_status(from, to))), ContainsSubstring(told));
  }
}

TEST_CASE("each reason of silence has a cure of its own", "[provision][checks]") {
  for (const auto* reason :
       {"clock-range",       "off-beat",       "pulse-rate",   "late",          "no-gpsd",
        "several-receivers", "no-fix",         "no-second",    "time-mismatch", "before-floor",
        "after-ceiling",     "hold",           "fault",        "month-end",     "witness",
        "leap-seconds",      "acquiring",      "ambiguous",    "pulse-drift",   "no-fix-report",
        "unknown-fix",       "simulated-fix",  "no-date",      "no-toff",       "stuck-time",
        "message-rate",      "early-messages", "late-messages"}) {
    CAPTURE(reason);
    auto evidence = with_status(R"("state": "LOCKED")", R"("state": "HOLD")");
    replace(*evidence.status, R"("reason": null)", std::string{R"("reason": ")"} + reason + '"');
    const auto told = one_trouble(verify(evidence));
    CHECK_THAT(told, ContainsSubstring("failed samples"));
    CHECK_THAT(told, !ContainsSubstring("journalctl -u ntsboxd"));
  }
}

TEST_CASE("without a fix, the hint is that of the reason which ntsboxd found",
          "[provision][checks]") {
  struct Case {
    const char* reason;
    const char* told;
  };

  for (const auto& [reason, told] :
       {Case{"no-fix", "failed fix: the receiver has no fix (has the antenna"},
        {"no-fix-report",
         "failed fix: gpsd reads the receiver, and reports no fix of it (have the receiver send "
         "RMC or GGA"},
        {"unknown-fix",
         "failed fix: gpsd reports a time, and does not know whether the receiver has a fix (have "
         "the receiver send NAV-PVT"},
        {"simulated-fix", "(switch the receiver's simulation or dead reckoning off"}}) {
    CAPTURE(reason);
    auto evidence = with_status(R"("state": "LOCKED")", R"("state": "WAITING")");
    replace(*evidence.status, R"("fix_mode": 3)", R"("fix_mode": 0)");
    replace(*evidence.status, R"("reason": null)", std::string{R"("reason": ")"} + reason + '"');
    const auto found = troubles(verify(evidence));
    CHECK_THAT(found, ContainsSubstring(told));
    if (std::string{reason} != "no-fix") CHECK_THAT(found, !ContainsSubstring("antenna"));
  }
}

TEST_CASE("sockets that are missing or too open are told", "[provision][checks]") {
  const auto told = [](std::string Evidence::*table, const std::string& from,
                       const std::string& to) {
    auto evidence = healthy();
    replace(evidence.*table, from, to);
    return one_trouble(verify(evidence));
  };
  CHECK_THAT(told(&Evidence::udp, "00000000:007B", "0100007F:007B"),
             ContainsSubstring("nothing serves NTP"));
  CHECK_THAT(told(&Evidence::tcp, ":116C 00000000:0000 0A", ":116C 00000000:0000 06"),
             ContainsSubstring("nothing serves NTS-KE"));
  CHECK_THAT(told(&Evidence::udp, "0100007F:0143", "00000000:0143"), ContainsSubstring("323/udp"));
  CHECK_THAT(told(&Evidence::udp6, "01000000:0143", "00000000:0143"), ContainsSubstring("323/udp"));
  CHECK_THAT(told(&Evidence::tcp, "0100007F:0B83", "00000000:0B83"),
             ContainsSubstring("gpsd must run without -G"));
  CHECK_THAT(told(&Evidence::tcp, "0100007F:0B83", "0100007F:0B84"),
             ContainsSubstring("gpsd does not listen"));
  auto evidence = healthy();
  evidence.tcp6 = "   0: 0000000000000000FFFF00000100007F:0B83 0:0 0A\n";
  CHECK(troubles(verify(evidence)) == "");
}

TEST_CASE("what chronyd says of its sources is told with its cure", "[provision][checks]") {
  const auto told = [](const std::string& sources_text, const std::string& auth = "",
                       const std::string& track = tracking) {
    auto evidence = healthy();
    evidence.leap_seconds.reset();
    evidence.sources = Answer{0, sources_text};
    evidence.authdata = Answer{0, auth};
    evidence.tracking = Answer{0, track};
    return troubles(doctor(evidence));
  };
  const std::string gps = sources;
  CHECK_THAT(told("#,?,GPS,0,0,0,4294967295,0.000000000,0.000000000,0.000000000\n"),
             ContainsSubstring("(reach 0)"));
  CHECK_THAT(
      told("#,x,GPS,0,4,377,7,0.5,0.5,0.000000020\n"),
      ContainsSubstring("failed refclock: chronyd rejects the refclock GPS as a falseticker"));
  CHECK_THAT(told("#,?,GPS,0,4,7,7,0.5,0.5,0.000000020\n"), ContainsSubstring("warning refclock"));
  CHECK_THAT(told("\n"), ContainsSubstring("no refclock GPS"));
  CHECK_THAT(told(gps + "^,?,nts.example,0,6,0,4294967295,0.0,0.0,0.0\n"),
             ContainsSubstring("no upstream answers"));
  CHECK_THAT(
      told(gps + "^,x,a.example,1,6,377,9,0.1,0.1,0.01\n^,-,b.example,1,6,377,9,0.0,0.0,0.01\n"),
      ContainsSubstring("warning disagreement: 1 of 2 upstreams contradict the receiver"));
  CHECK_THAT(told(gps, "127.0.0.9,-,0,0,0,4294967295,0,0,0,0\n"),
             ContainsSubstring("127.0.0.9 is not authenticated"));
  CHECK_THAT(told(gps, "a.example,NTS,1,15,256,33m,0,0,0,100\n"), ContainsSubstring("no cookies"));
  CHECK_THAT(told(gps, "",
                  "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1."
                  "000000000,1.000000000,"
                  "0.0,Not synchronised\n"),
             ContainsSubstring("not synchronised"));
  auto evidence = healthy();
  evidence.sources = evidence.tracking = Answer{1, "506 Cannot talk to daemon\n"};
  CHECK_THAT(troubles(doctor(evidence)),
             ContainsSubstring("failed chronyd: chronyd does not answer"));
}

TEST_CASE("an expired table of leap seconds, a dead unit and a wrong clock are told",
          "[provision][checks]") {
  CHECK_THAT(
      one_trouble(doctor(healthy())),
      ContainsSubstring(
          "leap-seconds: the table of leap seconds was good until 2026-06-28T00:00:00Z only"));
  auto evidence = healthy();
  evidence.leap_seconds.reset();
  evidence.units["gpsd.service"] = "failed";
  CHECK_THAT(
      one_trouble(doctor(evidence)),
      ContainsSubstring("failed unit: gpsd.service is failed (systemctl status gpsd.service"));
  evidence.units.clear();
  evidence.now = release_date() - seconds{1};
  CHECK_THAT(troubles(doctor(evidence)),
             ContainsSubstring("failed clock: 2026-10-31T23:59:59Z cannot be"));
}

TEST_CASE("doctor reports how often gpsd was restarted, where that is allowed",
          "[provision][checks]") {
  Findings findings;
  auto evidence = healthy();
  check_gpsd_restarts(evidence, findings);
  CHECK(findings.empty());
  evidence.gpsd_restarts = "restarting it\nrestarting it\n";
  check_gpsd_restarts(evidence, findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].severity == Severity::ok);
  CHECK_THAT(findings[0].what, ContainsSubstring("at most hourly: 2 since the boot"));
}

TEST_CASE("a gpsd that is stuck is a failure, with the command that heals it",
          "[provision][checks]") {
  auto evidence = with_status(R"("state": "LOCKED")", R"("state": "WAITING")");
  replace(*evidence.status, R"("reason": null)", R"("reason": "stuck-time")");
  CHECK_THAT(troubles(doctor(evidence)),
             ContainsSubstring("failed samples: ") && ContainsSubstring("systemctl restart gpsd"));
}

TEST_CASE("a daemon that has just changed its mind is given time, one that is stuck is not",
          "[provision][checks]") {
  auto evidence = with_status(R"("state": "LOCKED", "since": "2026-11-25T03:55:10Z")",
                              R"("state": "HOLD", "since": "2026-11-25T03:59:10Z")");
  CHECK(may_settle(evidence, seconds{60}));
  evidence.now += seconds{120};
  CHECK_FALSE(may_settle(evidence, seconds{60}));
  evidence.now -= seconds{900};
  CHECK_FALSE(may_settle(evidence, seconds{60}));
  evidence.status.reset();
  CHECK(may_settle(evidence, seconds{60}));
}

TEST_CASE("what the handshake failed of is told with another cure on the box than on its clients",
          "[provision][checks]") {
  const std::string mismatch =
      "2026-11-25T03:31:13Z TLS handshake with 127.0.0.1:4460 (box.local) failed : Error in the "
      "certificate verification. "
      "The certificate is NOT trusted. The certificate issuer is unknown. \n2026-11-25T03:31:13Z "
      "chronyd exiting\n";
  const auto there = check_proof({"box.local"}, 1, mismatch);
  CHECK(there.outcome == Proof::Outcome::failed);
  CHECK_THAT(there.what, ContainsSubstring("The certificate issuer is unknown.") &&
                             !ContainsSubstring("2026-"));
  CHECK_THAT(there.cure, ContainsSubstring("fetch a new bundle"));
  const auto here = check_proof({"box.local", true}, 1, mismatch);
  CHECK_THAT(here.cure, ContainsSubstring("systemctl restart chrony"));
  CHECK(check_proof({"box.local"}, 0, "").outcome == Proof::Outcome::proven);
  CHECK(check_proof({"box.local"}, 3, "").outcome == Proof::Outcome::authenticated);
  CHECK(check_proof({"box.local"}, 126, "mount: permission denied\n").outcome ==
        Proof::Outcome::impossible);
  CHECK_THAT(check_proof({"box.local"}, 1, "2026-11-25T03:31:30Z Timeout reached\n").what,
             ContainsSubstring("did not answer"));
  CHECK_THAT(check_proof({"box.local"}, 1,
                         "2026-11-25T03:31:24Z Could not connect to 127.0.0.1:4460 (box.local) : "
                         "Connection refused\n")
                 .cure,
             ContainsSubstring("4460/tcp"));
}

TEST_CASE("findings are JSON for machines", "[provision][checks]") {
  CHECK(
      in_json({{"a", Severity::ok, "b \"c\"", ""}, {"d", Severity::warning, "e", "f"}}) ==
      R"({"verdict":"warning","findings":[{"name":"a","verdict":"ok","what":"b \"c\"","cure":""},)"
      R"({"name":"d","verdict":"warning","what":"e","cure":"f"}]})"
      "\n");
  CHECK(in_json({}) == "{\"verdict\":\"ok\",\"findings\":[]}\n");
}

TEST_CASE("the version of chronyd is read from what it prints", "[provision][words]") {
  CHECK(chronyd_version("chronyd (chrony) version 4.3 (+CMDMON +NTP -DEBUG)\n") ==
        Version{4, 3, 0});
  CHECK(chronyd_version("chronyd (chrony) version 4.6.1 (+CMDMON)\n") == Version{4, 6, 1});
  CHECK(chronyd_version("chronyd (chrony) version 4.7-pre1 (+CMDMON)\n") == Version{4, 7, 0});
  for (const auto* text : {"", "version", "chronyd (chrony) version DEVELOPMENT", "version 4",
                           "version 4.x", "version -4.3"}) {
    CAPTURE(text);
    CHECK_FALSE(chronyd_version(text));
  }
}

TEST_CASE("a chrony configuration is read as chronyd reads it", "[provision][words]") {
  CHECK(directives("# a\n! b\n; c\n% d\n\n  Server  x.example\tNTS \r\nallow") ==
        std::vector<std::vector<std::string>>{{"server", "x.example", "NTS"}, {"allow"}});
}
