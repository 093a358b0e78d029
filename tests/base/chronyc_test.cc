#include "base/chronyc.h"

#include "base/time.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::chronyc;

// What chronyc 4.3 said to a box.
constexpr char tracking[] =
    "47505300,GPS,1,1795596541.465874856,0.000100000,-0.000000012,0.000000300,-5.123,0.001,0.034,"
    "0.000000001,0.000001251,1.0,Normal\n";

TEST_CASE("tracking is read in whole nanoseconds and ppb") {
  const auto t = tracking_in(tracking);
  REQUIRE(t);
  CHECK(t->name == "GPS");
  CHECK(t->stratum == 1);
  CHECK(t->reference.time_since_epoch() == 1795596541465874856ns);
  CHECK(t->correction == 100us);
  CHECK(t->last_offset == -12ns);
  CHECK(t->rms_offset == 300ns);
  CHECK(t->frequency == -5123);
  CHECK(t->skew == 34);
  CHECK(t->root_delay == 1ns);
  CHECK(t->root_dispersion == 1251ns);
  CHECK(t->synchronised);
}

TEST_CASE("a chronyd that follows nobody is not synchronised") {
  const auto t = tracking_in(
      "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,"
      "1.000000000,0.0,Not synchronised\n");
  REQUIRE(t);
  CHECK_FALSE(t->synchronised);
  CHECK(t->name.empty());
}

TEST_CASE("what chronyc complains of is no answer") {
  CHECK_FALSE(tracking_in("506 Cannot talk to daemon\n"));
  CHECK_FALSE(served_in("501 Not authorised\n"));
  CHECK(sources_in("501 Not authorised\n").empty());
  CHECK(tracking_in("").has_value() == false);
}

TEST_CASE("a source that was never heard has no age") {
  const auto sources = sources_in(
      "#,*,GPS,0,0,377,2,0.000000100,0.000000120,0.000000020\n"
      "^,?,10.0.0.1,0,6,0,4294967295,0.000000000,0.000000000,0.000000000\n"
      "^,-,2001:db8::1,1,6,17,30,-0.001200000,-0.001100000,0.009000000\n");
  REQUIRE(sources.size() == 3);
  CHECK(sources[0].mode == '#');
  CHECK(sources[0].state == '*');
  CHECK(sources[0].reach == 255);
  CHECK(sources[0].age == 2s);
  CHECK(sources[0].offset == 100ns);
  CHECK(sources[0].margin == 20ns);
  CHECK_FALSE(sources[1].age);
  CHECK(sources[2].name == "2001:db8::1");
  CHECK(sources[2].offset == -1200us);
  CHECK(sources[2].reach == 15);
}

TEST_CASE("what root alone is told is read as well") {
  const auto selections = selections_in(
      "*,GPS,N,-,-,-,-,-,-,-,-,-,-,0,1.0,-0.000000021,0.000000021,Normal\n"
      "M,10.0.0.1,N,-,-,-,-,-,-,-,-,-,-,0,1.0,0.000000000,0.000000000,Not synchronised\n");
  REQUIRE(selections.size() == 2);
  CHECK(selections[1].name == "10.0.0.1");
  CHECK(selections[1].state == 'M');

  const auto keys = authentications_in("a.example,NTS,1,15,256,120,0,0,8,100\n");
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].mode == "NTS");
  CHECK(keys[0].cookies == 8);

  const auto served = served_in("8,1,147,0,0,3,2,6,0,0,0\n");
  REQUIRE(served);
  CHECK(served->packets == 8);
  CHECK(served->dropped == 1);
  CHECK(served->handshakes == 3);
  CHECK(served->handshakes_dropped == 2);
  CHECK(served->authenticated == 6);
}

TEST_CASE("a count that cannot be read is unknown, and not 0") {
  CHECK_FALSE(served_in("8,1,147,0,0,3,2,,0,0,0\n"));
  CHECK_FALSE(served_in("8,-1,147,0,0,3,2,6,0,0,0\n"));
  CHECK(authentications_in("a.example,NTS,1,15,256,120,0,0,?,100\n").empty());
}

TEST_CASE("no name that chronyc prints can control a terminal") {
  CHECK(sources_in("^,\x9b,a\x1b[2J\xc2\x9b,1,6,17,30,0.0,0.0,0.1\n").front().name == "a?[2J??");
  CHECK(sources_in("^,\x9b,a,1,6,17,30,0.0,0.0,0.1\n").front().state == '?');
  CHECK(authentications_in("\x1b,\x1b,1,15,256,120,0,0,8,100\n").front().mode == "?");
}

TEST_CASE("only who asked within the hour is a client") {
  CHECK(clients_in("10.0.0.2,8,0,1,127,20,0,0,127,4294967295\n"
                   "10.0.0.3,8,0,1,127,3700,0,0,127,4294967295\n"
                   "127.0.0.1,0,0,127,127,4294967295,10,0,-4,0\n") == 1);
}

TEST_CASE("a table of leap seconds says until when it is good") {
  CHECK(end_of_leap_table("#\tcomment\n#$\t3676924800\n#@\t3991593600\n2272060800\t10\n") ==
        UtcSecond{seconds{1782604800}});
  CHECK_FALSE(end_of_leap_table("2272060800\t10\n"));
  CHECK_FALSE(end_of_leap_table("#@ soon\n"));
}

constexpr SystemTime when{1'795'341'600s};
// Of chronyc 4.3.
constexpr char ten_seconds_ago[] =
    "47505300,GPS,1,1795341590.000000000,-0.000000021,0.000000012,0.000000040,-1.029,0.000,0.012,"
    "0.000020000,0.000012345,8.0,Normal\n";
constexpr char nobody[] =
    "7F7F0101,,0,0.000000000,0.000000000,0.000000000,0.000000000,-1.029,0.000,0.000,1.000000000,"
    "1.000000000,0.0,Not synchronised\n";

TEST_CASE("holdover is the age of the last update, and never negative") {
  const auto t = tracking_in(ten_seconds_ago);
  REQUIRE(t);
  CHECK(unsteered(*t, when) == 10s);
  CHECK(unsteered(*t, when + std::chrono::hours{24}) == std::chrono::hours{24} + 10s);
  CHECK(unsteered(*t, when - 3600s) == 0s);
}

TEST_CASE("a chronyd that serves no time is in no holdover") {
  const auto t = tracking_in(nobody);
  REQUIRE(t);
  CHECK(unsteered(*t, when) == 0s);
}

TEST_CASE("a tracking line without a time that can be is none") {
  for (const auto* text :
       {"", "\n", "1,2,3", ",,,,,,,,,,,,,", "47505300,GPS,1,-5.0,0,0,0,0,0,0,0,0,8.0,Normal\n",
        "47505300,GPS,,5.0,0,0,0,0,0,0,0,0,8.0,Normal\n",
        "47505300,GPS,1,5.x,0,0,0,0,0,0,0,0,8.0,Normal\n",
        "47505300,GPS,1,99999999999999999999.0,0,0,0,0,0,0,0,0,8.0,Normal\n"}) {
    INFO(text);
    CHECK_FALSE(tracking_in(text));
  }
}
