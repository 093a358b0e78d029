#include "provision/core/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "certs/inspect.h"
#include "certs/issue.h"
#include "provision/core/paths.h"
#include "provision/core/words.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr UtcSecond now{seconds{1'795'579'166}};  // 2026-11-25T03:59:26Z

// What the real programs print (chrony 4.3, Linux 6.1), with `x` marking what a test spoils.
constexpr char status_json[] =
    R"({"version": "0.1.0", "written": "2026-11-25T03:59:20Z", "state": "LOCKED", "since": "2026-11-25T03:55:10Z",
"summary": "LOCKED: every pulse has its second, samples go to chronyd", "reason": null, "last_sample": {"second":
1795579160, "utc": "2026-11-25T03:59:20Z", "offset_ns": 100000, "correction_ns": 0}, "pulses": 27, "samples": 10,
"missed": 0, "refused": {"no-gpsd": 6, "no-receiver": 1, "acquiring": 10}, "gpsd": {"connected": true, "trouble": ""},
"receiver": {"device": "/run/gps", "fix_mode": 3, "satellites_used": 8}, "pps": {"source": "stream:/run/pulses.sock",
"open": true, "pulses_come": true, "trouble": ""}, "chrony": {"sink": "/run/chrony.ntsbox.sock",
"takes_samples": true, "trouble": ""}})";
constexpr char udp[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "10932: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "78609 2 0 0\n"
    "11132: 0100007F:0143 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "78607 2 0 0\n";
constexpr char udp6[] =
    "  sl  local_address                         remote_address                        st tx_queue "
    "rx_queue tr\n"
    "11132: 00000000000000000000000001000000:0143 00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:0\n";
constexpr char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 00000000:116C 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 "
    "78610 1 0 100 0 0 10 0\n"
    "   1: 0100007F:0B83 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "78611 1 0 100 0 0 10 0\n"
    "   2: 0100007F:A6D4 0100007F:116C 06 00000000:00000000 03:00001445 00000000     0        0 0 "
    "3 0\n";
constexpr char sources[] = "#,*,GPS,0,0,377,0,0.000000000,0.000000000,0.000000020\n";
constexpr char tracking[] =
    "47505300,GPS,1,1795579166.752189755,0.000100000,0.000000000,0.000000000,0.000,0.000,0.000,0."
    "000000001,"
    "0.000000441,1.0,Normal\n";
constexpr char configuration[] =
    "refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 0 filter 1\n"
    "ntsservercert /etc/chrony/nts/server.key\nntsserverkey /etc/chrony/nts/server.key\n"
    "allow 127.0.0.1\nallow ::1\nallow 192.168.1.0/24\n";
// Of tzdata 2025b (Debian 12).
constexpr char leap_seconds[] = "#$\t3945196800\n#@\t3991593600\n2272060800\t10\t# 1 Jan 1972\n";

const certs::Issued& identity() {
  static const auto issued =
      certs::issue_pin({{"box.local"}, {}}, certs::KeyKind::p256, {now, now, false}).value();
  return issued;
}

Entry entry(Entry::Kind kind, unsigned mode, const std::string& group,
            const std::string& content = "") {
  Entry made;
  made.kind = kind;
  made.mode = mode;
  made.owner = "root";
  made.group = group;
  made.content = content;
  return made;
}

/// A box without any trouble.
Evidence healthy() {
  Evidence evidence;
  evidence.now = now;
  evidence.release = now - seconds{86400};
  const auto& pem = identity().certificate;
  evidence.entries = {{pki_folder, entry(Entry::Kind::folder, 0700, "root")},
                      {pki_certificate, entry(Entry::Kind::file, 0644, "root", pem)},
                      {pki_key, entry(Entry::Kind::file, 0600, "root")},
                      {served_folder, entry(Entry::Kind::folder, 0750, "_chrony")},
                      {served_certificate, entry(Entry::Kind::file, 0644, "root", pem)},
                      {served_pair, entry(Entry::Kind::file, 0640, "_chrony")}};
  evidence.pair = std::string{identity().key.view()} + pem;
  evidence.chronyd_check = Said{0, configuration};
  evidence.proof = Proof{Proof::Outcome::proven, "box.local answers with authenticated time", ""};
  evidence.status = status_json;
  evidence.udp = udp;
  evidence.udp6 = udp6;
  evidence.tcp = tcp;
  evidence.sources = Said{0, sources};
  evidence.authdata = Said{0, ""};
  evidence.tracking = Said{0, tracking};
  evidence.units = {
      {"chrony.service", "active"}, {"gpsd.service", "active"}, {"ntsboxd.service", "active"}};
  evidence.leap_seconds = std::string{leap_seconds};
  evidence.now = now;
  return evidence;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

/// Like healthy(), with one thing else in the daemon's status.
Evidence with_status(const std::string& from, const std::string& to) {
  auto evidence = healthy();
  replace(*evidence.status, from, to);
  return evidence;
}

/// The findings that are not well, as "name: what (cure)" each; "" when all is.
std::string troubles(const Findings& findings) {
  std::string told;
  for (const auto& [name, verdict, what, cure] : findings) {
    CHECK(!name.empty());
    CHECK(what.find('\n') == std::string::npos);
    CHECK((verdict == Verdict::ok) == cure.empty());
    if (verdict != Verdict::ok)
      told += fmt::format("{} {}: {} ({})\n", name_of(verdict), name, what, cure);
  }
  return told;
}

std::string one_trouble(const Findings& findings) {
  auto told = troubles(findings);
  CHECK(std::count(told.begin(), told.end(), '\n') == 1);
  return told;
}

}  // namespace

TEST_CASE("a healthy box has no trouble", "[provision][checks]") {
  auto evidence = healthy();
  evidence.leap_seconds = "#@\t4102444800\n";
  CHECK(troubles(verify(evidence)) == "");
  CHECK(troubles(doctor(evidence)) == "");
  CHECK_FALSE(may_settle(evidence, seconds{60}));
}

TEST_CASE("no evidence at all is trouble, and no crash", "[provision][checks]") {
  CHECK(worst(verify({})) == Verdict::failed);
  CHECK(worst(doctor({})) == Verdict::failed);
}

TEST_CASE("an image is judged by its files, and says so", "[provision][checks]") {
  auto evidence = healthy();
  evidence.live = false;
  evidence.status.reset();
  evidence.tcp = evidence.udp = "";
  evidence.proof.reset();
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning image"));
  evidence.entries[served_pair]->mode = 0644;
  CHECK(worst(verify(evidence)) == Verdict::failed);
}

TEST_CASE("a key that others can read is told with how it must be", "[provision][checks]") {
  for (const unsigned mode : {0644U, 0660U, 0600U, 0440U}) {
    auto evidence = healthy();
    evidence.entries[served_pair]->mode = mode;
    CHECK_THAT(one_trouble(verify(evidence)),
               ContainsSubstring("failed permissions: /etc/chrony/nts/server.key is 0") &&
                   ContainsSubstring("must be 0640 root:_chrony"));
  }
  for (const auto* path : {pki_key, pki_folder, served_folder, served_certificate}) {
    auto evidence = healthy();
    evidence.entries[path]->mode = 0777;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring(path));
    evidence = healthy();
    evidence.entries[path]->owner = "pi";
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("pi:"));
    evidence.entries[path].reset();
    CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("is missing"));
  }
}

TEST_CASE("a certificate that is of no use is told with its cure", "[provision][checks]") {
  auto evidence = healthy();
  evidence.now += seconds{11LL * 366 * 86400};
  CHECK_THAT(troubles(verify(evidence)),
             ContainsSubstring("failed certificate: the certificate has expired") &&
                 ContainsSubstring("ntsbox-provision renew"));
  evidence.now = now - seconds{365LL * 86400};
  CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("is the clock right"));
  evidence = healthy();
  evidence.now = certs::inspect(identity().certificate)->not_after - seconds{30LL * 86400};
  CHECK_THAT(troubles(verify(evidence)),
             ContainsSubstring("warning certificate: the certificate expires on"));
  evidence = healthy();
  const auto other = certs::issue_pin({{"box.local"}, {}}, certs::KeyKind::p256, {now, now, false});
  const std::string key{other->key.view()};
  evidence.pair = key + identity().certificate;
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("failed key: /etc/chrony/nts/server.key: the key is not the "
                               "certificate's: NTS cannot work"));
  evidence.pair = key;
  CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("the certificate cannot be read"));
  evidence.pair = key + other->certificate;
  CHECK_THAT(troubles(verify(evidence)),
             ContainsSubstring("another certificate than /etc/ntsbox/pki/server.crt") &&
                 ContainsSubstring("another certificate than /etc/chrony/nts/server.crt"));
  evidence.pair.reset();
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("no key for it"));
  evidence = healthy();
  evidence.entries[served_certificate]->content = "junk";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("server.crt"));
  evidence = healthy();
  evidence.entries[pki_certificate]->content += "\n";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("another certificate"));
}

TEST_CASE("a configuration that chronyd refuses is told in chronyd's words",
          "[provision][checks]") {
  auto evidence = healthy();
  evidence.chronyd_check = Said{1,
                                "2026-11-25T03:26:12Z Fatal error : Invalid directive at line 1 in "
                                "file /etc/chrony/conf.d/x.conf\nallow\n"};
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("Invalid directive at line 1 in file"));
  evidence.chronyd_check = Said{127, ""};
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("apt-get install chrony"));
}

TEST_CASE("a box that nobody else may ask is told", "[provision][checks]") {
  auto evidence = healthy();
  replace(evidence.chronyd_check->output, "allow 192.168.1.0/24\n", "");
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning access"));
  evidence.chronyd_check->output += "allow\n";
  CHECK(troubles(verify(evidence)) == "");
}

TEST_CASE("paths that AppArmor would refuse are told, also where it is off",
          "[provision][checks]") {
  auto evidence = healthy();
  for (const auto* line :
       {"ntsserverkey /etc/ssl/private/box.key", "ntsservercert /etc/pki/box.crt",
        "refclock SOCK /run/ntsbox/chrony.sock refid GPS", "ntstrustedcerts 1 /root/ca.crt"}) {
    CAPTURE(line);
    evidence.chronyd_check = Said{0, std::string{configuration} + line + "\n"};
    evidence.apparmor = false;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning apparmor"));
    evidence.apparmor = true;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("failed apparmor"));
  }
  evidence = healthy();
  evidence.denials =
      "audit: type=1400 apparmor=\"DENIED\" operation=\"open\" name=\"/srv/x\" comm=\"chronyd\"\n";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("/srv/x"));
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
        {R"("device": "/run/gps")", R"("device": "")", "failed receiver: no receiver speaks"},
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
       {"clock-range", "off-beat", "pulse-rate", "late", "no-gpsd", "several-receivers", "no-fix",
        "no-second", "time-mismatch", "before-floor", "after-ceiling", "hold", "fault", "month-end",
        "witness"}) {
    CAPTURE(reason);
    auto evidence = with_status(R"("state": "LOCKED")", R"("state": "HOLD")");
    replace(*evidence.status, R"("reason": null)", std::string{R"("reason": ")"} + reason + '"');
    const auto told = one_trouble(verify(evidence));
    CHECK_THAT(told, ContainsSubstring("failed samples"));
    CHECK_THAT(told, !ContainsSubstring("journalctl -u ntsboxd"));
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
    evidence.sources = Said{0, sources_text};
    evidence.authdata = Said{0, auth};
    evidence.tracking = Said{0, track};
    return one_trouble(doctor(evidence));
  };
  const std::string gps = sources;
  CHECK_THAT(told("#,?,GPS,0,0,0,4294967295,0.000000000,0.000000000,0.000000000\n"),
             ContainsSubstring("(reach 0)"));
  CHECK_THAT(told("#,x,GPS,0,4,377,7,0.5,0.5,0.000000020\n"),
             ContainsSubstring("failed refclock: chronyd holds the refclock GPS for false"));
  CHECK_THAT(told("#,?,GPS,0,4,7,7,0.5,0.5,0.000000020\n"), ContainsSubstring("warning refclock"));
  CHECK_THAT(told("\n"), ContainsSubstring("no refclock GPS"));
  CHECK_THAT(told(gps + "^,?,nts.example,0,6,0,4294967295,0.0,0.0,0.0\n"),
             ContainsSubstring("no upstream answers"));
  CHECK_THAT(
      told(gps + "^,x,a.example,1,6,377,9,0.1,0.1,0.01\n^,-,b.example,1,6,377,9,0.0,0.0,0.01\n"),
      ContainsSubstring("a.example contradicts the others: a falseticker"));
  CHECK_THAT(told(gps, "127.0.0.9,-,0,0,0,4294967295,0,0,0,0\n"),
             ContainsSubstring("127.0.0.9 is not authenticated"));
  CHECK_THAT(told(gps, "a.example,NTS,1,15,256,33m,0,0,0,100\n"), ContainsSubstring("no cookies"));
  CHECK_THAT(told(gps, "",
                  "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1."
                  "000000000,1.000000000,"
                  "0.0,Not synchronised\n"),
             ContainsSubstring("not synchronised"));
  auto evidence = healthy();
  evidence.sources = Said{1, "506 Cannot talk to daemon\n"};
  CHECK_THAT(troubles(doctor(evidence)),
             ContainsSubstring("failed chronyd: chronyd does not answer"));
}

TEST_CASE("an expired table of leap seconds, a dead unit and a wrong clock are told",
          "[provision][checks]") {
  CHECK_THAT(
      one_trouble(doctor(healthy())),
      ContainsSubstring(
          "leap-seconds: the table of leap seconds is good until 2026-06-28T00:00:00Z only"));
  auto evidence = healthy();
  evidence.leap_seconds.reset();
  evidence.units["gpsd.service"] = "failed";
  CHECK_THAT(
      one_trouble(doctor(evidence)),
      ContainsSubstring("failed unit: gpsd.service is failed (systemctl status gpsd.service"));
  evidence.units.clear();
  evidence.release = now + seconds{1};
  CHECK_THAT(one_trouble(doctor(evidence)),
             ContainsSubstring("failed clock: 2026-11-25T03:59:26Z cannot be"));
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
  const auto there = judge_proof({"box.local"}, 1, mismatch);
  CHECK(there.outcome == Proof::Outcome::failed);
  CHECK_THAT(there.what, ContainsSubstring("The certificate issuer is unknown.") &&
                             !ContainsSubstring("2026-"));
  CHECK_THAT(there.cure, ContainsSubstring("fetch a new bundle"));
  const auto here = judge_proof({"box.local", true}, 1, mismatch);
  CHECK_THAT(here.cure, ContainsSubstring("systemctl restart chrony"));
  CHECK(judge_proof({"box.local"}, 0, "").outcome == Proof::Outcome::proven);
  CHECK(judge_proof({"box.local"}, 3, "").outcome == Proof::Outcome::authenticated);
  CHECK(judge_proof({"box.local"}, 126, "mount: permission denied\n").outcome ==
        Proof::Outcome::impossible);
  CHECK_THAT(judge_proof({"box.local"}, 1, "2026-11-25T03:31:30Z Timeout reached\n").what,
             ContainsSubstring("did not answer"));
  CHECK_THAT(judge_proof({"box.local"}, 1,
                         "2026-11-25T03:31:24Z Could not connect to 127.0.0.1:4460 (box.local) : "
                         "Connection refused\n")
                 .cure,
             ContainsSubstring("4460/tcp"));
}

TEST_CASE("findings are JSON for machines", "[provision][checks]") {
  CHECK(
      in_json({{"a", Verdict::ok, "b \"c\"", ""}, {"d", Verdict::warning, "e", "f"}}) ==
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
