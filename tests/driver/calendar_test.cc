// The table of leap seconds, and what it says of a span of time.

#include "driver/core/calendar.h"

#include <string>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

constexpr UtcSecond new_year_1972{seconds{63'072'000}};
constexpr UtcSecond july_1972{seconds{78'796'800}};
constexpr UtcSecond new_year_1973{seconds{94'694'400}};
constexpr UtcSecond new_year_2017{seconds{1'483'228'800}};
constexpr UtcSecond june_2027{seconds{1'814'140'800}};

// Laid out as IERS's leap-seconds.list is: the rows have seconds since 1900, and TAI - UTC.
constexpr auto rows =
    "2272060800\t10\t# 1 Jan 1972\n"
    "2287785600\t11\t# 1 Jul 1972\n"
    "2303683200\t12\t# 1 Jan 1973\n";

const std::string table_of_1973 = "#\tATOMIC TIME\n#$\t3676924800\n#@\t4023129600\n";

LeapTable three_rows() {
  return {june_2027, {{july_1972, -1s}, {new_year_1973, -1s}}};
}

}  // namespace

TEST_CASE("each row of tzdata's table after the first is a leap second", "[driver][calendar]") {
  CHECK(parse_leap_table(table_of_1973 + rows) == three_rows());
  SECTION("with the date of the row and the sign of the change") {
    const auto table = parse_leap_table(
        table_of_1973 + "3644697600 36 # 1 Jul 2015\n3692217600 37\n3707856000 36\n");
    REQUIRE(table.leaps.size() == 2);
    CHECK(table.leaps[0] == LeapTable::Leap{new_year_2017, -1s});
    CHECK(table.leaps[1] == LeapTable::Leap{UtcSecond{seconds{1'498'867'200}}, 1s});
  }
  SECTION("a table whose last line has no end is read to its last row") {
    const std::string text = table_of_1973 + rows;
    CHECK(parse_leap_table(text.substr(0, text.size() - 1)) == three_rows());
    CHECK(parse_leap_table(text.substr(0, text.find("\t# 1 Jan 1973"))) == three_rows());
  }
  SECTION("one row is no leap second") {
    CHECK(parse_leap_table(table_of_1973 + "2272060800\t10\n") == LeapTable{june_2027, {}});
  }
}

TEST_CASE("lines of a leap second table that are no rows are ignored", "[driver][calendar]") {
  // A row that is ignored must not be the one that the next row is compared with, either.
  SECTION("a comment, at the begin of the table and later") {
    CHECK(parse_leap_table("#2240524800\t5\n" + table_of_1973 + rows) == three_rows());
    CHECK(parse_leap_table(table_of_1973 + "#2240524800\t5\n" + rows + "#2335219200\t13\n") ==
          three_rows());
  }
  SECTION("an empty line, before a row too") {
    CHECK(parse_leap_table(table_of_1973 + "\n" + rows + "\n\n") == three_rows());
  }
  SECTION("a line with one number, or without any") {
    CHECK(parse_leap_table(table_of_1973 + "2256249600\n" + rows) == three_rows());
    CHECK(parse_leap_table(table_of_1973 + rows + "2335219200\n") == three_rows());
    CHECK(parse_leap_table(table_of_1973 + rows + "2335219200\tsoon\nnext\t13\n") == three_rows());
  }
}

TEST_CASE("a leap second table that does not state its end is no table", "[driver][calendar]") {
  CHECK(parse_leap_table("") == LeapTable{});
  CHECK(parse_leap_table(rows) == LeapTable{});
  CHECK(parse_leap_table("#@\tsoon\n" + std::string{rows}) == LeapTable{});
}

TEST_CASE("a leap second belongs to the span that ends at its midnight, not to the next one",
          "[driver][calendar]") {
  const auto table = three_rows();
  CHECK(table.change_between(july_1972 - 1s, july_1972) == -1s);
  CHECK(table.change_between(july_1972 - 2s, july_1972 - 1s) == 0s);
  CHECK(table.change_between(july_1972, july_1972 + 1s) == 0s);
  CHECK(table.change_between(new_year_1972, new_year_1973) == -2s);
}

TEST_CASE("UTC may change at a month's end of the table, and at any one that it does not cover",
          "[driver][calendar]") {
  const auto may_change = [](const LeapTable& table, UtcSecond midnight) {
    return table.may_change_between(midnight - 1s, midnight);
  };
  const auto table = three_rows();
  CHECK(may_change(table, july_1972));
  CHECK_FALSE(may_change(table, new_year_2017));
  CHECK_FALSE(may_change(table, new_year_2017 + 1s));
  CHECK(may_change({}, new_year_2017));
  CHECK(may_change({new_year_2017 - 1s, {}}, new_year_2017));
  CHECK_FALSE(may_change({new_year_2017, {}}, new_year_2017));
  // A second that is left out is a change too.
  CHECK(may_change({new_year_2017, {{new_year_2017, 1s}}}, new_year_2017));
}
