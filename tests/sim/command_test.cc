#include "sim/core/command.h"

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::sim;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class Made>
Made parsed(const std::string& text) {
  const auto command = parse_command(text);
  REQUIRE(command);
  REQUIRE(std::holds_alternative<Made>(*command));
  return std::get<Made>(*command);
}

}  // namespace

TEST_CASE("each command is parsed", "[sim][command]") {
  CHECK(parsed<SetFix>("fix on").mode == FixMode::three_d);
  CHECK(parsed<SetFix>("fix 2d").mode == FixMode::two_d);
  CHECK(parsed<SetFix>("fix off").mode == FixMode::none);
  CHECK(parsed<SetPulse>("pulse on").on);
  CHECK_FALSE(parsed<SetPulse>("pulse off").on);
  CHECK(parsed<SetSentences>("nmea on").on);
  CHECK_FALSE(parsed<SetSentences>("nmea off").on);
  CHECK(parsed<SetPlugged>("plug").in);
  CHECK_FALSE(parsed<SetPlugged>("unplug").in);
  CHECK(parsed<SetLatency>("latency 0.3").latency == 300ms);
  CHECK(parsed<Jump>("jump -1.5").by == -1500ms);
  CHECK(parsed<Corrupt>("corrupt 3").one_in == 3);
  parsed<Quit>("quit\n");
}

TEST_CASE("any other text is refused", "[sim][command]") {
  const auto* text =
      GENERATE("", "fix", "fix  on", "fix maybe", "latency", "latency -1", "latency 11",
               "latency x", "jump", "jump 1e3", "corrupt -1", "corrupt 1x", "quit now");
  CAPTURE(text);
  CHECK_FALSE(parse_command(text));
}

TEST_CASE("a scheduled command has its time", "[sim][command]") {
  const auto scheduled = parse_scheduled("60.5:fix off");
  REQUIRE(scheduled);
  CHECK(scheduled->at == 60'500ms);
  CHECK(scheduled->words == "fix off");
  for (const auto* text : {"fix off", "-1:fix off", "x:fix off", "1:nothing", ":"})
    CHECK_FALSE(parse_scheduled(text));
}

TEST_CASE("seconds have at most nine decimals and are within their bounds", "[sim][command]") {
  CHECK(parse_seconds("0.15", 0s, 1s) == 150ms);
  CHECK(parse_seconds("-3", -5s, 5s) == -3s);
  CHECK(parse_seconds("0.000000001", 0s, 1s) == 1ns);
  for (const auto* text : {"", ".", "1.", "1.0000000001", "one", "1s", " 1", "1,5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_seconds(text, -5s, 5s));
  }
  CHECK_THAT(parse_seconds("6", 0s, 5s).error().message, ContainsSubstring("between 0.000000000"));
}
