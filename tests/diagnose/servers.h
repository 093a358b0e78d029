#pragma once
// Evidence of a server that is well, to be changed.

#include <fmt/format.h>

#include <string>

#include "certs/issue.h"
#include "diagnose/checks.h"

namespace ntsbox::diagnose {

inline constexpr UtcSecond noon{seconds{1795608000}};  // 2026-11-25 12:00:00
inline constexpr nanoseconds limit = 50ms;

/// What ntsboxd writes; the parts that tests change.
struct StatusText {
  std::string state = "LOCKED", reason = "null", summary = "LOCKED: every pulse has its second";
  UtcSecond written = noon - seconds{2};
  UtcSecond since = noon - std::chrono::days{3} - 2h;
  bool gpsd = true, open = true, pulses_come = true;
  std::string takes = "true", pps_trouble, chrony_trouble;
  int jittery = 0;  // of the last 1000
  int fix_mode = 3;

  operator std::string() const {
    return fmt::format(
        R"({{"version": "0.1.0", "written": "{}", "state": "{}", "since": "{}",
  "summary": "{}", "reason": {}, "last_sample": {{"second": 1795607999, "offset_ns": 5}},
  "pulses": 250000, "samples": 249980, "missed": 3, "refused": {{"acquiring": 18, "off-beat": 2}},
  "jitter": {{"recent": {{"100ns": {}, "1ms": {}}}, "total": {{"100ns": 250000, "1ms": 0}}}},
  "gpsd": {{"connected": {}, "trouble": ""}},
  "receiver": {{"device": "/dev/ttyAMA0", "fix_mode": {}, "satellites_used": 9}},
  "pps": {{"source": "/dev/pps0", "open": {}, "pulses_come": {}, "trouble": "{}"}},
  "chrony": {{"sink": "sock", "takes_samples": {}, "trouble": "{}"}}}})",
        format_iso_utc(written), state, format_iso_utc(since), summary, reason, 1000 - jittery,
        jittery, gpsd, fix_mode, open, pulses_come, pps_trouble, takes, chrony_trouble);
  }
};

inline std::string tracking(std::string name, seconds ago = seconds{4},
                            std::string dispersion = "0.000001500",
                            std::string correction = "0.000000012") {
  return fmt::format(
      "47505300,{},1,{}.000000000,{},0.000000010,0.000000100,-5.100,0.001,0.020,0.000020000,{},"
      "8.0,Normal\n",
      name, (noon - ago).time_since_epoch().count(), correction, dispersion);
}

inline constexpr char unsynchronised[] =
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,"
    "1.000000000,0.0,Not synchronised\n";

inline std::string gps(char state, std::string reach = "377") {
  return fmt::format("#,{},GPS,0,3,{},4,0.000000010,0.000000012,0.000010100\n", state, reach);
}

inline std::string upstream(char state, std::string name, std::string reach = "377",
                            std::string offset = "0.000400000") {
  return fmt::format("^,{},{},1,6,{},{},{},0.000400000,0.009000000\n", state, name, reach,
                     reach == "0" ? "4294967295" : "33", offset);
}

/// Good for ten years from then on.
inline std::string certificate(UtcSecond issued) {
  return certs::issue_pin({{"box.test"}, {}}, certs::KeyKind::p256, {issued, issued, false})
      .value()
      .certificate;
}

inline std::string leap_table(UtcSecond until) {
  return fmt::format("#@\t{}\n", until.time_since_epoch().count() + 2'208'988'800);
}

inline Evidence healthy() {
  Evidence evidence;
  evidence.now = SystemTime{noon.time_since_epoch() + 300ms};
  evidence.status = StatusText{};
  evidence.tracking = tracking("GPS");
  evidence.sources = gps('*') + upstream('-', "a.example") + upstream('-', "b.example") +
                     upstream('-', "c.example");
  Collection collection;
  collection.written = noon - seconds{30};
  collection.selectdata = "*,GPS,N,-,-,-,-,-,-,-,-,-,-,0,1.0,-0.000000021,0.000000021,Normal\n";
  collection.authdata =
      "a.example,NTS,1,15,256,120,0,0,8,100\nb.example,NTS,1,15,256,120,0,0,8,100\n";
  collection.serverstats = "812,4,147,0,0,7,1,640,0,0,0\n";
  collection.clients = 3;
  collection.certificate = certificate(noon - std::chrono::days{10});
  evidence.collection = collection;
  evidence.leap_table = leap_table(noon + std::chrono::days{200});
  return evidence;
}

}  // namespace ntsbox::diagnose
