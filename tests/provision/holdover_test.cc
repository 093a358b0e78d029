#include "provision/core/holdover.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;

namespace {

constexpr UtcSecond now{seconds{1'795'341'600}};
// Of chronyc 4.3.
constexpr char following[] =
    "47505300,GPS,1,1795341590.123456789,-0.000000021,0.000000012,0.000000040,-1.029,0.000,0.012,"
    "0.000020000,0.000012345,8.0,Normal\n";
constexpr char unsynchronised[] =
    "7F7F0101,,0,0.000000000,0.000000000,0.000000000,0.000000000,-1.029,0.000,0.000,1.000000000,"
    "1.000000000,0.0,Not synchronised\n";

}  // namespace

TEST_CASE("holdover is the age of the last good measurement", "[provision][holdover]") {
  const auto reference = parse_tracking(following);
  REQUIRE(reference);
  CHECK(reference->name == "GPS");
  CHECK(holdover(*reference, now) == 10s);
  CHECK(holdover(*reference, now + std::chrono::hours{24}) == std::chrono::hours{24} + 10s);
}

TEST_CASE("a measurement of the future is no holdover", "[provision][holdover]") {
  CHECK(holdover(*parse_tracking(following), now - 3600s) == 0s);
}

TEST_CASE("a chronyd without a reference is in no holdover", "[provision][holdover]") {
  const auto reference = parse_tracking(unsynchronised);
  REQUIRE(reference);
  CHECK_FALSE(reference->synchronised);
  CHECK(holdover(*reference, now) == 0s);
}

TEST_CASE("what is no tracking line is taken for none", "[provision][holdover]") {
  for (const auto* text : {"", "\n", "506 Cannot talk to daemon\n", "1,2,3", ",,,,,,,,,,,,,",
                           "47505300,GPS,1,-5.0,0,0,0,0,0,0,0,0,8.0,Normal\n",
                           "47505300,GPS,1,99999999999999999999.0,0,0,0,0,0,0,0,0,8.0,Normal\n",
                           "47505300,GPS,1,1795341590.1,0,0,0,0,0,0,0,0,8.0,Normal,more\n"}) {
    INFO(text);
    CHECK_FALSE(parse_tracking(text));
  }
}
