#include "sim/core/nmea.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::sim;

namespace {

constexpr MonotonicTime start{5000s};
constexpr UtcTime ten_o_clock{1'795'341'600s};  // 2026-11-22T10:00:00Z

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find("\r\n", begin);
    REQUIRE(end != std::string::npos);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return lines;
}

}  // namespace

TEST_CASE("a sentence carries the checksum of what is between $ and *", "[sim][nmea]") {
  // The example of a receiver's manual, and the shortest one.
  CHECK(sentence("GPGLL,5300.97914,N,00259.98174,E,125926,A") ==
        "$GPGLL,5300.97914,N,00259.98174,E,125926,A*28\r\n");
  CHECK(sentence("A") == "$A*41\r\n");
}

TEST_CASE("an epoch has RMC, GGA, GSA and ZDA, all with the same time", "[sim][nmea]") {
  const auto lines = lines_of(sentences_of({ten_o_clock, FixMode::three_d, false}, 2));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].starts_with("$GPRMC,100000.00,A,4656.8785,N,00726.8468,E,"));
  CHECK(lines[0].find(",221126,") != std::string::npos);
  CHECK(lines[1].starts_with("$GPGGA,100000.00,4656.8785,N,00726.8468,E,1,08,"));
  CHECK(lines[2].starts_with("$GPGSA,A,3,"));
  CHECK(lines[3].starts_with("$GPZDA,100000.00,22,11,2026,"));
}

TEST_CASE("without a fix the sentences have the time and no position", "[sim][nmea]") {
  const auto lines = lines_of(sentences_of({ten_o_clock, FixMode::none, false}, 2));
  CHECK(lines[0].starts_with("$GPRMC,100000.00,V,,,,,"));
  CHECK(lines[1].starts_with("$GPGGA,100000.00,,,,,0,00,"));
  CHECK(lines[2].starts_with("$GPGSA,A,1,"));
}

TEST_CASE("a fix of two dimensions has no altitude", "[sim][nmea]") {
  const auto lines = lines_of(sentences_of({ten_o_clock, FixMode::two_d, false}, 2));
  CHECK(lines[1].find(",0.94,,M,,M,,*") != std::string::npos);
  CHECK(lines[2].starts_with("$GPGSA,A,2,"));
}

TEST_CASE("an epoch with satellites in view has GSV too", "[sim][nmea]") {
  const auto text = sentences_of({ten_o_clock, FixMode::three_d, true}, 2);
  CHECK(lines_of(text).size() == 7);
  CHECK(text.find("$GPGSV,3,1,09,") != std::string::npos);
}

TEST_CASE("the time has the given number of decimals", "[sim][nmea]") {
  const auto decimals = GENERATE(1, 2, 3, 9);
  const auto line =
      lines_of(sentences_of({ten_o_clock + 200ms, FixMode::none, false}, decimals))[3];
  CHECK(line.substr(0, line.find(',', 7)) ==
        "$GPZDA,100000." + std::string{"200000000"}.substr(0, static_cast<std::size_t>(decimals)));
}

TEST_CASE("the last second of 1999 has the date of 1999", "[sim][nmea]") {
  const auto before = sentences_of({UtcTime{946'684'799s}, FixMode::three_d, false}, 2);
  CHECK(before.find("$GPZDA,235959.00,31,12,1999,") != std::string::npos);
  CHECK(before.find(",311299,") != std::string::npos);
}

TEST_CASE("bytes arrive at the speed of the line", "[sim][serial]") {
  SerialLine line{9600};
  line.send("0123456789", start);
  CHECK(line.take(start).empty());
  const auto byte = nanoseconds{1s} / 960;
  CHECK(line.take(start + byte) == "0");
  CHECK(line.take(start + byte * 4) == "123");
  CHECK(line.next() == start + byte * 10);
  CHECK(line.take(start + 1s) == "456789");
  CHECK_FALSE(line.next());
}

TEST_CASE("without a speed all bytes arrive at once", "[sim][serial]") {
  SerialLine line{0};
  line.send("0123456789", start);
  CHECK(line.next() == start);
  CHECK(line.take(start) == "0123456789");
}

TEST_CASE("a text waits for the one before it, and is lost when too many bytes wait",
          "[sim][serial]") {
  SerialLine line{9600};
  line.send("first ", start);
  line.send("second", start + 1ms);
  CHECK(line.take(start + 1s) == "first second");
  line.send(std::string(4000, 'a'), start + 2s);
  line.send(std::string(100, 'b'), start + 2s);
  CHECK(line.take(start + 60s) == std::string(4000, 'a'));
  line.send("c", start + 61s);
  line.clear();
  CHECK(line.take(start + 62s).empty());
}
