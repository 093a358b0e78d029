#pragma once
// Evidence of a box without any trouble, to spoil, and what the checks find then.

#include <fmt/format.h>

#include <algorithm>

#include "certs/issue.h"
#include "provision/core/checks.h"
#include "provision/core/identity.h"
#include "tests/support/catch.h"

namespace ntsbox::provision::testing {

inline constexpr UtcSecond now{seconds{1'795'579'166}};  // 2026-11-25T03:59:26Z

// What the real programs print (chrony 4.3, Linux 6.1), with `x` marking what a test spoils.
inline constexpr char status_json[] =
    R"({"version": "0.1.0", "written": "2026-11-25T03:59:20Z", "state": "LOCKED", "since": "2026-11-25T03:55:10Z",
"summary": "LOCKED: every pulse has its second, samples go to chronyd", "reason": null, "last_sample": {"second":
1795579160, "utc": "2026-11-25T03:59:20Z", "offset_ns": 100000, "correction_ns": 0}, "pulses": 27, "samples": 10,
"missed": 0, "refused": {"no-gpsd": 6, "no-receiver": 1, "acquiring": 10}, "gpsd": {"connected": true, "trouble": ""},
"receiver": {"device": "/run/gps", "fix_mode": 3, "satellites_used": 8}, "pps": {"source": "stream:/run/pulses.sock",
"open": true, "pulses_come": true, "trouble": ""}, "chrony": {"sink": "/run/chrony.ntsbox.sock",
"takes_samples": true, "trouble": ""}})";
inline constexpr char udp[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops\n"
    "10932: 00000000:007B 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "78609 2 0 0\n"
    "11132: 0100007F:0143 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
    "78607 2 0 0\n";
inline constexpr char udp6[] =
    "  sl  local_address                         remote_address                        st tx_queue "
    "rx_queue tr\n"
    "11132: 00000000000000000000000001000000:0143 00000000000000000000000000000000:0000 07 "
    "00000000:00000000 00:0\n";
inline constexpr char tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 00000000:116C 00000000:0000 0A 00000000:00000000 00:00000000 00000000   990        0 "
    "78610 1 0 100 0 0 10 0\n"
    "   1: 0100007F:0B83 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "78611 1 0 100 0 0 10 0\n"
    "   2: 0100007F:A6D4 0100007F:116C 06 00000000:00000000 03:00001445 00000000     0        0 0 "
    "3 0\n";
inline constexpr char sources[] = "#,*,GPS,0,0,377,0,0.000000000,0.000000000,0.000000020\n";
inline constexpr char tracking[] =
    "47505300,GPS,1,1795579166.752189755,0.000100000,0.000000000,0.000000000,0.000,0.000,0.000,0."
    "000000001,"
    "0.000000441,1.0,Normal\n";
inline constexpr char configuration[] =
    "refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 0 filter 1\n"
    "ntsservercert /etc/chrony/nts/server.key\nntsserverkey /etc/chrony/nts/server.key\n"
    "allow 127.0.0.1\nallow ::1\nallow 192.168.1.0/24\n";
// Of tzdata 2025b (Debian 12).
inline constexpr char leap_seconds[] =
    "#$\t3945196800\n#@\t3991593600\n2272060800\t10\t# 1 Jan 1972\n";

inline const certs::Issued& identity() {
  static const auto issued =
      certs::issue_pin({{"box.local"}, {}}, certs::KeyKind::p256, {now, now, false}).value();
  return issued;
}

inline Entry entry(Entry::Kind kind, unsigned mode, const std::string& group,
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
inline Evidence healthy() {
  Evidence evidence;
  evidence.now = now;
  const auto& pem = identity().certificate;
  evidence.entries = {{pki_folder, entry(Entry::Kind::folder, 0700, "root")},
                      {pki_certificate, entry(Entry::Kind::file, 0644, "root", pem)},
                      {pki_key, entry(Entry::Kind::file, 0600, "root")},
                      {served_folder, entry(Entry::Kind::folder, 0750, "_chrony")},
                      {served_certificate, entry(Entry::Kind::file, 0644, "root", pem)},
                      {served_pair, entry(Entry::Kind::file, 0640, "_chrony")}};
  evidence.pair = identity().key + pem;
  evidence.chronyd_check = Answer{0, configuration};
  evidence.proof = Proof{Proof::Outcome::proven, "box.local answers with authenticated time", ""};
  evidence.status = status_json;
  evidence.udp = udp;
  evidence.udp6 = udp6;
  evidence.tcp = tcp;
  evidence.sources = Answer{0, sources};
  evidence.authdata = Answer{0, ""};
  evidence.tracking = Answer{0, tracking};
  evidence.selectdata = Answer{0, ""};
  evidence.units = {
      {"chrony.service", "active"}, {"gpsd.service", "active"}, {"ntsboxd.service", "active"}};
  evidence.leap_seconds = std::string{leap_seconds};
  evidence.now = now;
  return evidence;
}

inline void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
}

/// Like healthy(), with one thing else in the daemon's status.
inline Evidence with_status(const std::string& from, const std::string& to) {
  auto evidence = healthy();
  replace(*evidence.status, from, to);
  return evidence;
}

/// The findings that are not well, as "name: what (cure)" each; "" when all is.
inline std::string troubles(const Findings& findings) {
  std::string told;
  for (const auto& finding : findings) {
    CHECK(!finding.name.empty());
    CHECK(finding.what.find('\n') == std::string::npos);
    CHECK((finding.severity == Severity::ok) == finding.hint.empty());
    if (finding.severity != Severity::ok)
      told += fmt::format("{} {}: {} ({})\n", name_of(finding.severity), finding.name, finding.what,
                          finding.hint);
  }
  return told;
}

inline std::string one_trouble(const Findings& findings) {
  auto told = troubles(findings);
  CHECK(std::count(told.begin(), told.end(), '\n') == 1);
  return told;
}

}  // namespace ntsbox::provision::testing
