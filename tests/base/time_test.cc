#include "base/time.h"

#include <string>

#include "tests/support/catch.h"

using namespace ntsbox;

namespace {

constexpr std::int64_t a_morning = 1'795'341'600;  // 2026-11-22T10:00:00Z

UtcSecond utc(std::int64_t second) {
  return UtcSecond{seconds{second}};
}

std::optional<std::int64_t> second_of(const std::string& text) {
  const auto time = parse_iso_utc(text);
  return time ? std::optional{time->second.time_since_epoch().count()} : std::nullopt;
}

}  // namespace

TEST_CASE("decimal seconds have exactly nine decimals", "[base][time]") {
  CHECK(parse_decimal_seconds("1795341600.000001234") == seconds{a_morning} + 1234ns);
  CHECK(parse_decimal_seconds("0.000000000") == 0ns);
  CHECK(parse_decimal_seconds("-0.000000001") == -1ns);
  CHECK(parse_decimal_seconds("-1.500000000") == -1500ms);
  CHECK(parse_decimal_seconds("007.000000000") == 7s);
  const char* bad =
      GENERATE("", "1", "1.", "1.0", "1.00000000", "1.0000000000", ".000000000", "-.000000000",
               "+1.000000000", " 1.000000000", "1.000000000 ", "1.00000000x", "1,000000000",
               "1e3.000000000", "--1.000000000", "1.-00000000", "0x1.000000000", "1.000.00000");
  CAPTURE(bad);
  CHECK_FALSE(parse_decimal_seconds(bad));
}

TEST_CASE("decimal seconds that do not fit are held at the end of the range, whose negation exists",
          "[base][time]") {
  CHECK(parse_decimal_seconds("9223372036.854775807") == nanoseconds::max());
  CHECK(parse_decimal_seconds("9223372036.854775808") == nanoseconds::max());
  CHECK(parse_decimal_seconds("99999999999999999999999.000000000") == nanoseconds::max());
  CHECK(parse_decimal_seconds("-9223372036.854775807") == -nanoseconds::max());
  CHECK(parse_decimal_seconds("-9223372036.854775808") == -nanoseconds::max());
  CHECK(parse_decimal_seconds("-99999999999999999999999.000000000") == -nanoseconds::max());
}

TEST_CASE("what is written as decimal seconds is read back as the same time", "[base][time]") {
  const auto value =
      GENERATE(nanoseconds{0}, 1ns, -1ns, 999'999'999ns, -999'999'999ns, 1s, -1s,
               nanoseconds{1'795'341'600'000'001'234}, nanoseconds::max(), -nanoseconds::max());
  CHECK(parse_decimal_seconds(format_decimal_seconds(value)) == value);
  CHECK(format_decimal_seconds(-1ns) == "-0.000000001");
  CHECK(format_decimal_seconds(1795341600s + 1234ns) == "1795341600.000001234");
}

TEST_CASE("an ISO time is a real instant of UTC", "[base][time]") {
  CHECK(second_of("1970-01-01T00:00:00Z") == 0);
  CHECK(second_of("2026-11-22T10:00:00Z") == a_morning);
  CHECK(second_of("1969-12-31T23:59:59Z") == -1);
  CHECK(second_of("2024-02-29T00:00:00Z") == 1'709'164'800);
  CHECK(second_of("2100-02-28T00:00:00Z") == 4'107'456'000);
  CHECK(second_of("9999-12-31T23:59:59Z") == 253'402'300'799);
}

TEST_CASE("an ISO time has up to nine decimals", "[base][time]") {
  CHECK(parse_iso_utc("2026-11-22T10:00:00.5Z") == UtcInstant{utc(a_morning), 500ms});
  CHECK(parse_iso_utc("2026-11-22T10:00:00.949Z") == UtcInstant{utc(a_morning), 949ms});
  CHECK(parse_iso_utc("2026-11-22T10:00:00.000000001Z") == UtcInstant{utc(a_morning), 1ns});
  CHECK(parse_iso_utc("2026-11-22T10:00:00.999999999Z") ==
        UtcInstant{utc(a_morning), 999'999'999ns});
}

TEST_CASE("the leap second is counted as the second after it", "[base][time]") {
  CHECK(second_of("2016-12-31T23:59:60Z") == 1'483'228'800);
  CHECK(second_of("2017-01-01T00:00:00Z") == 1'483'228'800);
}

TEST_CASE("what is not strictly ISO, or no date, is no time", "[base][time]") {
  const char* bad = GENERATE(
      "", "Z", "2026-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z",
      "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-11-22T25:00:00Z",
      "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-11-22T12:00:60Z",
      "2026-11-22T23:59:61Z", "2026-11-22T10:00:00z", "2026-11-22t10:00:00Z",
      "2026-11-22 10:00:00Z", "2026-11-22T10:00:00+02:00", "2026-11-22T10:00:00+00:00",
      "2026-11-22T10:00:00", "2026-11-22T10:00:00.Z", "2026-11-22T10:00:00.0000000000Z",
      "2026-11-22T10:00:00,5Z", "2026-11-22T10:00:00.-5Z", "10000-01-01T00:00:00Z",
      "9999-12-31T23:59:60Z", "-001-01-01T00:00:00Z", "226-11-22T10:00:00Z", "2026-1-22T10:00:00Z",
      "2026-11-22T1:00:00Z", "2026-11-22T10:00Z", "2026-11-22T10:00:0Z", " 2026-11-22T10:00:00Z",
      "2026-11-22T10:00:00Z ", "2026-11-22T10:00:00Z\n", "20261122T100000Z");
  CAPTURE(bad);
  CHECK_FALSE(parse_iso_utc(bad));
}

TEST_CASE("a second is written so that it is read back", "[base][time]") {
  CHECK(format_iso_utc(utc(a_morning)) == "2026-11-22T10:00:00Z");
  CHECK(format_iso_utc(utc(-1)) == "1969-12-31T23:59:59Z");
  const auto second =
      GENERATE(std::int64_t{0}, -62'167'219'200, -1, 951'782'400, 4'107'542'399, 253'402'300'799);
  CHECK(second_of(format_iso_utc(utc(second))) == second);
}

TEST_CASE("a second beyond four digits of a year is written as the nearest that has them",
          "[base][time]") {
  CHECK(format_iso_utc(UtcSecond::max()) == "9999-12-31T23:59:59Z");
  CHECK(format_iso_utc(utc(253'402'300'800)) == "9999-12-31T23:59:59Z");
  CHECK(format_iso_utc(UtcSecond::min()) == "0000-01-01T00:00:00Z");
}

TEST_CASE("a span of any size has a nearest second, and is at most half of one off it",
          "[base][time]") {
  CHECK(nearest_second(1499ms) == 1s);
  CHECK(nearest_second(1500ms) == 2s);
  CHECK(nearest_second(-1500ms) == -1s);
  CHECK(nearest_second(-1501ms) == -2s);
  CHECK(nearest_second(nanoseconds::max()) == 9'223'372'037s);
  CHECK(nearest_second(nanoseconds::min()) == -9'223'372'037s);
  const auto span = GENERATE(0ns, 499ms, 500ms, -500ms, -501ms, 7300ms, -7800ms);
  CHECK(nearest_second(span) + off_second(span) == span);
  CHECK(off_second(nanoseconds::max()) == 854'775'807ns - 1s);
  CHECK(off_second(nanoseconds::min()) == 1s - 854'775'808ns);
}

TEST_CASE("a difference is held at the ends of the range", "[base][time]") {
  CHECK(difference(SystemTime{5s}, SystemTime{7s}) == -2s);
  CHECK(difference(SystemTime::max(), SystemTime::min()) == nanoseconds::max());
  CHECK(difference(SystemTime::min(), SystemTime::max()) == -nanoseconds::max());
  CHECK(difference(SystemTime::max(), SystemTime{-1ns}) == nanoseconds::max());
  CHECK(difference(SystemTime::min(), SystemTime{1ns}) == -nanoseconds::max());
  CHECK(difference(SystemTime::min(), SystemTime::min()) == 0ns);
}

TEST_CASE("an offset is true time minus system time, exact to the nanosecond", "[base][time]") {
  CHECK(offset_of(utc(a_morning), SystemTime{seconds{a_morning} + 1234ns}) == -1234ns);
  CHECK(offset_of(utc(a_morning), SystemTime{seconds{a_morning} - 1ns}) == 1ns);
  CHECK(offset_of(utc(a_morning), SystemTime{3ns}) == seconds{a_morning} - 3ns);
  CHECK(offset_of(utc(-5), SystemTime{-5s - 7ns}) == 7ns);
  CHECK(offset_of(utc(0), SystemTime{0s}) == 0ns);
}

TEST_CASE("an offset that chrony would not take is none", "[base][time]") {
  constexpr std::int64_t limit = std::int64_t{1} << 32;
  CHECK(offset_of(utc(limit - 1), SystemTime{0s}) == seconds{limit - 1});
  CHECK(offset_of(utc(0), SystemTime{seconds{limit - 1} + 999'999'999ns}) == -seconds{limit} + 1ns);
  CHECK_FALSE(offset_of(utc(limit), SystemTime{0s}));
  CHECK_FALSE(offset_of(utc(0), SystemTime{seconds{limit}}));
  CHECK_FALSE(offset_of(UtcSecond::max(), SystemTime::min()));
  CHECK_FALSE(offset_of(UtcSecond::min(), SystemTime::max()));
  CHECK_FALSE(offset_of(utc(a_morning), SystemTime::min()));
  // The lowest instant is not a whole second.
  CHECK(offset_of(utc(-9'223'372'037), SystemTime::min()) == -145'224'192ns);
}
