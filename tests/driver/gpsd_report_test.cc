#include "driver/core/gpsd_report.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr std::int64_t max64 = std::numeric_limits<std::int64_t>::max();

template <class Report>
std::optional<Report> as_a(const std::string& line) {
  static GpsdReportParser parser;
  const auto report = parser.parse(line);
  const auto* held = std::get_if<Report>(&report);
  return held ? std::optional{*held} : std::nullopt;
}

bool is_junk(const std::string& line) {
  return as_a<JunkReport>(line).has_value();
}

bool is_other(const std::string& line) {
  return as_a<OtherReport>(line).has_value();
}

/// The satellites of a SKY with this list.
std::vector<Satellite> sky_of(const std::string& satellites) {
  static GpsdReportParser parser;
  const auto report = parser.parse(R"({"class":"SKY","uSat":1,"satellites":[)" + satellites + "]}");
  const auto& sky = std::get<SkyReport>(report).satellites;
  return {sky.begin(), sky.end()};
}

std::string toff(const std::string& members) {
  return R"({"class":"TOFF","device":"/dev/ttyAMA0",)" + members + "}";
}

}  // namespace

TEST_CASE("a TPV has the device, the fix and the receiver's time", "[driver][gpsd-report]") {
  const auto fix = as_a<FixReport>(
      R"({"class":"TPV","device":"/dev/ttyAMA0","mode":3,"time":"2026-11-22T10:00:00.000Z","leapseconds":18,"ept":0.005,)"
      R"("lat":46.947974167,"lon":7.447446833,"altHAE":589.2000,"altMSL":541.5000,"alt":541.5000,"epx":3.101,"epy":4.220,)"
      R"("epv":8.905,"track":12.4000,"magtrack":15.1032,"magvar":2.7,"speed":0.021,"climb":0.100,"eps":8.44,"epc":17.81,)"
      R"("geoidSep":47.700,"eph":6.080,"sep":10.450})");
  REQUIRE(fix);
  CHECK(fix->device == "/dev/ttyAMA0");
  CHECK(fix->mode == 3);
  CHECK(fix->status == 0);
  CHECK(fix->time == UtcInstant{UtcSecond{1'795'341'600s}, 0ns});
}

TEST_CASE("a TPV without a fix has no time, and may have no mode", "[driver][gpsd-report]") {
  const auto none = as_a<FixReport>(R"({"class":"TPV","device":"/dev/ttyAMA0","mode":1})");
  REQUIRE(none);
  CHECK(none->mode == 1);
  CHECK_FALSE(none->time);
  CHECK(as_a<FixReport>(R"({"class":"TPV"})")->mode == 0);
}

TEST_CASE("a TPV has a status when gpsd gives it", "[driver][gpsd-report]") {
  CHECK(as_a<FixReport>(R"({"class":"TPV","status":8,"mode":3})")->status == 8);
  CHECK(as_a<FixReport>(R"({"class":"TPV","status":2,"mode":3,"time":"2026-11-22T10:00:00.949Z"})")
            ->time->fraction == 949ms);
}

TEST_CASE("a TOFF of gpsd 3.22 and one of 3.25 are read alike", "[driver][gpsd-report]") {
  const auto line = GENERATE(
      as<std::string>{},
      R"({"class":"TOFF","device":"/dev/ttyAMA0","real_sec":1795341600, "real_nsec":0,"clock_sec":1795341600,"clock_nsec":151066214})",
      R"({"class":"TOFF","device":"/dev/ttyAMA0","real_sec":1795341600, "real_nsec":0,"clock_sec":1795341600,"clock_nsec":151066214,"precision":-1,"shm":"NTP0"})");
  const auto time = as_a<TimeReport>(line);
  REQUIRE(time);
  CHECK(time->device == "/dev/ttyAMA0");
  CHECK(time->real == UtcInstant{UtcSecond{1'795'341'600s}, 0ns});
  CHECK(time->clock == SystemTime{1'795'341'600s + 151'066'214ns});
}

TEST_CASE("a TOFF may have any second of 64 bits", "[driver][gpsd-report]") {
  const auto far = [](const char* real, const char* clock) {
    return as_a<TimeReport>(toff(std::string{R"("real_sec":)"} + real +
                                 R"(,"real_nsec":999999999,"clock_sec":)" + clock +
                                 R"(,"clock_nsec":999999999)"));
  };
  CHECK(far("4700000000", "4700000000")->real.second == UtcSecond{4'700'000'000s});
  CHECK(far("4700000000", "4700000000")->clock == SystemTime{4'700'000'000s + 999'999'999ns});
  CHECK(far("9223372036854775807", "0")->real.second == UtcSecond{seconds{max64}});
  CHECK(far("-9223372036854775808", "0")->real.second == UtcSecond::min());
  CHECK(far("18446744073709551615", "0")->real.second == UtcSecond{seconds{max64}});
  CHECK(far("0", "9223372036")->clock == SystemTime::max());
  CHECK(far("0", "9223372036854775807")->clock == SystemTime::max());
  CHECK(far("0", "18446744073709551615")->clock == SystemTime::max());
  CHECK(far("0", "-9223372036854775808")->clock == SystemTime{-nanoseconds::max()});
  CHECK(far("0", "-1")->clock == SystemTime{-1ns});
}

TEST_CASE("a TOFF that lacks a number, or has one that is none of gpsd's, is junk",
          "[driver][gpsd-report]") {
  CHECK(as_a<TimeReport>(toff(R"("real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":0)")));
  const auto members = GENERATE(
      as<std::string>{}, R"("real_nsec":0,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":0,"clock_nsec":0)", R"("real_sec":1,"real_nsec":0,"clock_sec":1)",
      R"("real_sec":1.0,"real_nsec":0,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":"1","real_nsec":0,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":null,"real_nsec":0,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":2000000000,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":-1000000000,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":0.5,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":18446744073709551615,"clock_sec":1,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":0,"clock_sec":1e9,"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":0,"clock_sec":[1],"clock_nsec":0)",
      R"("real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":2000000000)",
      R"("real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":true)",
      R"("real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":0,"clock_nsec":0)",
      R"("real_sec":18446744073709551616,"real_nsec":0,"clock_sec":1,"clock_nsec":0)");
  CAPTURE(members);
  CHECK(is_junk(toff(members)));
}

TEST_CASE("a sentence says whether the receiver has a fix", "[driver][gpsd-report]") {
  using Fix = SentenceReport::Fix;
  const auto fix = [](const std::string& line) { return as_a<SentenceReport>(line)->fix; };
  CHECK(fix("$GPRMC,101500.00,A,4807.038,N,01131.000,E,0.02,31.66,221126,,,A*5F") == Fix::valid);
  CHECK(fix("$GNRMC,101500.00,V,,,,,,,221126,,,N*5F") == Fix::none);
  CHECK(fix("$GPRMC,101500.00") == Fix::none);
  CHECK(fix("$GPGGA,101500.00,4807.038,N,01131.000,E,0,08,0.9,545.4,M,46.9,M,,*47") == Fix::none);
  CHECK(fix("$GPGSA,A,1,,,,,,,,,,,,,,,*1E") == Fix::none);
  for (const char* line :
       {"$GPGGA,101500.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
        "$GPGGA,101500.00,4807.038,N,01131.000,E,,08,0.9,545.4,M,46.9,M,,*47",
        "$GPGSA,A,3,04,05*00", "$PUBX,00*33", "$", "!AIVDM,1,1,,A,14eG;*5C", "$,,,,,,,"})
    CHECK(fix(line) == Fix::not_in_it);
}

TEST_CASE("a sentence of RMC has a time of day", "[driver][gpsd-report]") {
  const auto time = [](const std::string& field) {
    return as_a<SentenceReport>("$GPRMC," + field + ",A,,,,,,,010226,,*00")->time_of_day;
  };
  CHECK(time("101503.00") == 10h + 15min + 3s);
  CHECK(time("235960") == 24h);
  CHECK(time("000000.2") == 200ms);
  for (const char* none : {"", "10", "1015", "10150", "240000", "106000", "101561", "-10203",
                           "1015-1", "nan000", "1015nan", "10150x", "101503.0x"})
    CHECK_FALSE(time(none));
  CHECK_FALSE(as_a<SentenceReport>("$GPGGA,101500.00,,,,,1,,,,M,,M,,*00")->time_of_day);
}

TEST_CASE("nanoseconds that are not within their second are taken for what they are") {
  const auto instant = [](const std::string& members) {
    return as_a<TimeReport>(toff(members))->real;
  };
  const UtcInstant below{UtcSecond{99s}, 999'887'687ns};
  CHECK(instant(R"("real_sec":100,"real_nsec":-112313,"clock_sec":1,"clock_nsec":0)") == below);
  CHECK(instant(R"("real_sec":98,"real_nsec":1999887687,"clock_sec":1,"clock_nsec":0)") == below);
  CHECK(as_a<TimeReport>(toff(R"("real_sec":1,"real_nsec":0,"clock_sec":7,"clock_nsec":-5)"))
            ->clock == SystemTime{7s - 5ns});
}

TEST_CASE("a SKY counts the satellites used, when it counts them", "[driver][gpsd-report]") {
  const auto sky = as_a<SkyReport>(
      R"({"class":"SKY","device":"/dev/ttyAMA0","xdop":0.60,"ydop":0.71,"vdop":1.10,"hdop":0.93,"nSat":2,"uSat":1,)"
      R"("satellites":[{"PRN":3,"el":44.0,"az":120.0,"ss":40.0,"used":true,"gnssid":0,"svid":3},)"
      R"({"PRN":8,"el":11.0,"az":310.0,"ss":19.0,"used":false,"gnssid":0,"svid":8}]})");
  REQUIRE(sky);
  CHECK(sky->device == "/dev/ttyAMA0");
  CHECK(sky->satellites_used == 1);
  CHECK(std::vector<Satellite>(sky->satellites.begin(), sky->satellites.end()) ==
        std::vector<Satellite>{{0, 3, 120, 44, 40, true}, {0, 8, 310, 11, 19, false}});
  CHECK(as_a<SkyReport>(R"({"class":"SKY","gdop":1.90,"hdop":0.93,"uSat":9})")->satellites_used ==
        9);
  CHECK(is_other(R"({"class":"SKY","device":"/dev/ttyAMA0","hdop":0.93})"));
}

TEST_CASE("of a SKY's satellites those with a place are taken, and the others cost nothing",
          "[driver][gpsd-report]") {
  const auto sky = as_a<SkyReport>(
      R"({"class":"SKY","uSat":1,"satellites":[{"gnssid":2,"svid":11,"el":5,"az":360,"ss":0.4},)"
      R"({"gnssid":0,"svid":1,"ss":30.0},{"gnssid":0,"svid":2,"el":-7.0,"az":10.0},{"gnssid":0,"svid":3,"el":"high","az":10.0},)"
      R"({"gnssid":0,"svid":4,"el":10.0,"az":1e300},{"PRN":5,"el":10.0,"az":10.0},7,null]})");
  REQUIRE(sky);
  CHECK(std::vector<Satellite>(sky->satellites.begin(), sky->satellites.end()) ==
        std::vector<Satellite>{{2, 11, 0, 5, 0, false}});
  CHECK(as_a<SkyReport>(R"({"class":"SKY","uSat":9,"satellites":"many"})")->satellites.empty());
  CHECK(as_a<SkyReport>(R"({"class":"SKY","uSat":9})")->satellites.empty());
}

TEST_CASE("a satellite's numbers are whole, and each has its range", "[driver][gpsd-report]") {
  struct Case {
    const char* member;
    const char* value;
    std::optional<Satellite> seen;
  };

  const auto one =
      GENERATE(Case{"gnssid", "0", Satellite{0, 7, 100, 50, 30, false}},
               Case{"gnssid", "15", Satellite{15, 7, 100, 50, 30, false}}, Case{"gnssid", "16", {}},
               Case{"gnssid", "-1", {}}, Case{"svid", "1", Satellite{2, 1, 100, 50, 30, false}},
               Case{"svid", "999", Satellite{2, 999, 100, 50, 30, false}}, Case{"svid", "0", {}},
               Case{"svid", "1000", {}}, Case{"svid", "null", {}},
               Case{"az", "0", Satellite{2, 7, 0, 50, 30, false}},
               Case{"az", "359.4", Satellite{2, 7, 359, 50, 30, false}},
               Case{"az", "359.5", Satellite{2, 7, 0, 50, 30, false}},
               Case{"az", "360.4", Satellite{2, 7, 0, 50, 30, false}}, Case{"az", "361", {}},
               Case{"az", "-1", {}}, Case{"el", "0", Satellite{2, 7, 100, 0, 30, false}},
               Case{"el", "-0.4", Satellite{2, 7, 100, 0, 30, false}}, Case{"el", "-1", {}},
               Case{"el", "90.0", Satellite{2, 7, 100, 90, 30, false}}, Case{"el", "91", {}},
               Case{"el", "true", {}}, Case{"ss", "0", Satellite{2, 7, 100, 50, 0, false}},
               Case{"ss", "1", Satellite{2, 7, 100, 50, 1, false}},
               Case{"ss", "99", Satellite{2, 7, 100, 50, 99, false}},
               Case{"ss", "100", Satellite{2, 7, 100, 50, 0, false}},
               Case{"ss", "-1", Satellite{2, 7, 100, 50, 0, false}},
               Case{"used", "true", Satellite{2, 7, 100, 50, 30, true}},
               Case{"used", "1", Satellite{2, 7, 100, 50, 30, false}},
               Case{"health", "true", Satellite{2, 7, 100, 50, 30, false}});
  std::string members;
  for (const auto& [name, value] :
       {std::pair{"gnssid", "2"}, {"svid", "7"}, {"az", "100"}, {"el", "50"}, {"ss", "30"}})
    if (name != std::string_view{one.member})
      members += std::string{"\""} + name + "\":" + value + ",";
  CAPTURE(one.member, one.value);
  CHECK(sky_of("{" + members + "\"" + one.member + "\":" + one.value + "}") ==
        (one.seen ? std::vector{*one.seen} : std::vector<Satellite>{}));
}

TEST_CASE("of a sky gpsd's own 140 satellites are taken at the most, and the last list counts",
          "[driver][gpsd-report]") {
  std::string many;
  for (int i = 1; i <= 141; ++i)
    many += R"({"gnssid":0,"az":1,"el":1,"svid":)" + std::to_string(i) + "},";
  many.pop_back();
  CHECK(sky_of(many).size() == 140);
  CHECK(sky_of(many).back().number == 140);
  CHECK(sky_of(many + R"(],"satellites":[{"gnssid":3,"svid":5,"az":20,"el":10})") ==
        std::vector<Satellite>{{3, 5, 20, 10, 0, false}});
}

TEST_CASE("a count may be as large as an int", "[driver][gpsd-report]") {
  CHECK(as_a<FixReport>(R"({"class":"TPV","status":2147483647})")->status == 2147483647);
  CHECK(is_junk(R"({"class":"TPV","status":2147483648})"));
  CHECK(as_a<FixReport>(R"({"class":"TPV","leapseconds":0})")->leap_seconds == 0);
  CHECK(as_a<FixReport>(R"({"class":"TPV","leapseconds":2147483647})")->leap_seconds == 2147483647);
  CHECK(is_junk(R"({"class":"TPV","leapseconds":2147483648})"));
  CHECK(as_a<SkyReport>(R"({"class":"SKY","uSat":0})")->satellites_used == 0);
  CHECK(as_a<SkyReport>(R"({"class":"SKY","uSat":2147483647})")->satellites_used == 2147483647);
}

TEST_CASE("a DEVICES counts the devices that are open", "[driver][gpsd-report]") {
  const auto open = as_a<DeviceReport>(
      R"({"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/ttyAMA0","driver":"u-blox","activated":"2026-11-22T09:58:03.149Z","flags":1,"native":1,"bps":9600,"parity":"N","stopbits":1,"cycle":1.00},)"
      R"({"class":"DEVICE","path":"/dev/ttyUSB0"},{"class":"DEVICE","path":"/dev/ttyUSB1","activated":0},{"class":"DEVICE","path":"/dev/pps1","activated":""}]})");
  REQUIRE(open);
  CHECK(open->whole_list);
  CHECK(open->count == 1);
  CHECK(as_a<DeviceReport>(R"({"class":"DEVICES","devices":[]})")->count == 0);
  CHECK(
      as_a<DeviceReport>(
          R"({"class":"DEVICES","devices":[{"activated":1},{"activated":"x"},{"path":"/dev/a"}]})")
          ->count == 2);
}

TEST_CASE("a DEVICE shows whether it is open", "[driver][gpsd-report]") {
  const auto open = as_a<DeviceReport>(
      R"({"class":"DEVICE","path":"/dev/ttyAMA0","activated":"2026-11-22T09:58:03.149Z"})");
  REQUIRE(open);
  CHECK_FALSE(open->whole_list);
  CHECK(open->active);
  CHECK(open->device == "/dev/ttyAMA0");
  const auto closed =
      as_a<DeviceReport>(R"({"class":"DEVICE","path":"/dev/ttyAMA0","activated":0})");
  REQUIRE(closed);
  CHECK_FALSE(closed->active);
  CHECK(closed->device == "/dev/ttyAMA0");
  CHECK_FALSE(as_a<DeviceReport>(R"({"class":"DEVICE","path":"/dev/ttyAMA0"})")->active);
  CHECK_FALSE(as_a<DeviceReport>(R"({"class":"DEVICE","activated":""})")->active);
  CHECK(as_a<DeviceReport>(R"({"class":"DEVICE","activated":1})")->active);
}

TEST_CASE("gpsd's greeting and its errors are kept in its words", "[driver][gpsd-report]") {
  CHECK(as_a<GreetingReport>(
            R"({"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14})")
            ->release == "3.22");
  CHECK(as_a<ErrorReport>(R"({"class":"ERROR","message":"No such device as /dev/ttyUSB7"})")
            ->message == "No such device as /dev/ttyUSB7");
}

TEST_CASE("what is not a time of the receiver's is no evidence, gpsd's PPS included",
          "[driver][gpsd-report]") {
  CHECK(is_other(
      R"({"class":"PPS","device":"/dev/ttyAMA0","real_sec":1795341601,"real_nsec":0,"clock_sec":1795341601,"clock_nsec":70993,"precision":-20})"));
  CHECK(is_other(
      R"({"class":"WATCH","enable":true,"json":true,"nmea":false,"raw":0,"scaled":false,"timing":false,"split24":false,"pps":true})"));
  CHECK(is_other(R"({"class":"GST","device":"/dev/ttyAMA0","time":7})"));
  CHECK(is_other(
      R"({"class":"POLL","time":"2026-11-22T10:00:00.272Z","active":1,"tpv":[{"class":"TPV","mode":3}]})"));
  CHECK(is_other(R"({"class":"tpv","mode":3})"));
  CHECK(is_other(R"({"class":""})"));
}

TEST_CASE("of gpsd's PPS only the error of quantisation is read", "[driver][gpsd-report]") {
  const auto report = as_a<QuantizationReport>(
      R"({"class":"PPS","device":"/dev/ttyAMA0","real_sec":1795341601,"real_nsec":0,"clock_sec":1795341601,"clock_nsec":70993,"precision":-20,"qErr":-8123})");
  REQUIRE(report);
  CHECK(report->device == "/dev/ttyAMA0");
  CHECK(report->second == UtcSecond{seconds{1'795'341'601}});
  CHECK(report->early.count() == -8123);
  CHECK(is_junk(R"({"class":"PPS","real_sec":1795341601,"qErr":1.5})"));
  CHECK(is_junk(R"({"class":"PPS","qErr":1})"));
}

TEST_CASE("leap seconds are read where the receiver knows them", "[driver][gpsd-report]") {
  CHECK(as_a<FixReport>(R"({"class":"TPV","mode":3,"leapseconds":18})")->leap_seconds == 18);
  CHECK_FALSE(as_a<FixReport>(R"({"class":"TPV","mode":3})")->leap_seconds);
  CHECK(is_junk(R"({"class":"TPV","mode":3,"leapseconds":-1})"));
}

TEST_CASE("the class may stand anywhere, and white space does not count", "[driver][gpsd-report]") {
  CHECK(as_a<FixReport>("{ \"mode\" : 2 , \"class\" : \"TPV\" }\r")->mode == 2);
  CHECK(as_a<FixReport>(R"({"mode":2,"c\u006cass":"TPV"})")->mode == 2);
}

TEST_CASE("what is no object with a class is junk", "[driver][gpsd-report]") {
  const auto line = GENERATE(as<std::string>{}, "", "GPRMC,100000.00,A*00", "{}", "[]", "{",
                             R"({"class":"TPV","mode":3)", R"({"mode":3})",
                             R"({"class":3,"mode":3})", R"({"class":null})", R"({"class":["TPV"]})",
                             R"({"class":"TPV","mode":3}})", R"({"class":"TPV"}{"class":"TPV"})");
  CAPTURE(line);
  CHECK(is_junk(line));
}

TEST_CASE("a known member that is given twice is junk, even with the same value",
          "[driver][gpsd-report]") {
  const auto line = GENERATE(
      as<std::string>{}, R"({"class":"TPV","class":"TPV","mode":3})",
      R"({"class":"TPV","mode":1,"mode":3})", R"({"class":"TPV","mode":3,"mode":3})",
      R"({"class":"TPV","mode":3,"m\u006fde":3})",
      R"({"class":"TPV","device":"/dev/a","device":"/dev/b"})",
      R"({"class":"SKY","uSat":4,"uSat":9})", R"({"class":"DEVICES","devices":[],"devices":[]})",
      R"({"class":"DEVICES","devices":[{"activated":0,"activated":"2026-11-22T10:00:00.000Z"}]})");
  CAPTURE(line);
  CHECK(is_junk(line));
  CHECK(as_a<FixReport>(R"({"class":"TPV","lat":1.5,"lat":2.5})"));
}

TEST_CASE("a known member of the wrong kind or out of its range is junk", "[driver][gpsd-report]") {
  const auto line = GENERATE(
      as<std::string>{}, R"({"class":"TPV","mode":"3"})", R"({"class":"TPV","mode":3.0})",
      R"({"class":"TPV","mode":4})", R"({"class":"TPV","mode":-1})",
      R"({"class":"TPV","mode":4294967299})", R"({"class":"TPV","mode":null})",
      R"({"class":"TPV","mode":true})", R"({"class":"TPV","mode":[3]})",
      R"({"class":"TPV","device":7})", R"({"class":"TPV","status":"8"})",
      R"({"class":"TPV","status":-8})", R"({"class":"TPV","time":1795341600})",
      R"({"class":"TPV","time":""})", R"({"class":"TPV","time":"2026-11-22T10:00:00.000"})",
      R"({"class":"TPV","time":"2026-02-30T10:00:00.000Z"})",
      R"({"class":"TPV","time":"10000-01-01T00:00:00.000Z"})", R"({"class":"SKY","uSat":"9"})",
      R"({"class":"SKY","uSat":-1})", R"({"class":"SKY","uSat":9000000000})",
      R"({"class":"SKY","uSat":9,"device":[]})", R"({"class":"DEVICES"})",
      R"({"class":"DEVICES","devices":{}})",
      R"({"class":"DEVICES","devices":[{"activated":true}]})",
      R"({"class":"DEVICE","activated":0,"path":0})",
      R"({"class":"DEVICE","activated":null,"path":"/dev/a"})",
      R"({"class":"VERSION","release":3.22})", R"({"class":"ERROR","message":{}})",
      R"({"class":"TOFF","device":1,"real_sec":1,"real_nsec":0,"clock_sec":1,"clock_nsec":0})");
  CAPTURE(line);
  CHECK(is_junk(line));
}

TEST_CASE("a line that is too long or too deep is junk", "[driver][gpsd-report]") {
  const auto padded = [](std::size_t size) {
    const std::string head = R"({"class":"TPV","mode":3,"x":")";
    return head + std::string(size - head.size() - 2, 'x') + "\"}";
  };
  CHECK(as_a<FixReport>(padded(GpsdReportParser::max_line)));
  CHECK(is_junk(padded(GpsdReportParser::max_line + 1)));
  CHECK(is_junk(padded(1'000'000)));
  CHECK(as_a<FixReport>(R"({"class":"TPV","x":[[[[[[1]]]]]]})"));
  CHECK(is_junk(R"({"class":"TPV","x":[[[[[[[1]]]]]]]})"));
}

TEST_CASE("what is not UTF-8 is junk", "[driver][gpsd-report]") {
  CHECK(is_junk("{\"class\":\"TPV\",\"device\":\"\xff\"}"));
  CHECK(is_junk(std::string{"{\"class\":\"TPV\"}\0", 16}));
}

TEST_CASE("a report's strings live until the next line", "[driver][gpsd-report]") {
  GpsdReportParser parser;
  std::string line = R"({"class":"ERROR","message":"Can't open \/dev\/none."})";
  const auto report = parser.parse(line);
  line.assign(line.size(), 'x');
  CHECK(std::get<ErrorReport>(report).message == "Can't open /dev/none.");
}
