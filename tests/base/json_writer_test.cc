#include <vector>

#include "base/json.h"
#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("an object has its members in the order in which they are added") {
  const auto fill = [](JsonStyle style) {
    return JsonObject{style}
        .add("text", "a\"b")
        .add("number", std::int64_t{-7})
        .add("flag", true)
        .add("time", UtcSecond{seconds{1'795'608'000}})
        .add("none", std::optional<int>{})
        .add_json("list", json_array(std::vector{1, 2}, style))
        .text();
  };
  CHECK(
      fill(JsonStyle::compact) ==
      R"({"text":"a\"b","number":-7,"flag":true,"time":"2026-11-25T12:00:00Z","none":null,"list":[1,2]})");
  CHECK(
      fill(JsonStyle::spaced) ==
      R"({"text": "a\"b", "number": -7, "flag": true, "time": "2026-11-25T12:00:00Z", "none": null, "list": [1, 2]})");
  CHECK(fill(JsonStyle::lines) ==
        "{\n  \"text\": \"a\\\"b\",\n  \"number\": -7,\n  \"flag\": true,\n"
        "  \"time\": \"2026-11-25T12:00:00Z\",\n  \"none\": null,\n  \"list\": [1, 2]\n}");
}

TEST_CASE("nothing is an empty object and an empty array") {
  CHECK(JsonObject{}.text() == "{}");
  CHECK(json_array(std::vector<std::string>{}) == "[]");
  CHECK(json_array(std::vector<std::string>{"a", "b"}) == R"(["a","b"])");
}

TEST_CASE("controls are escaped, in what is written and in what others wrote", "[json]") {
  CHECK(json_quote("a\x1b\x7f\xc2\x9b\xc2\xa0") == "\"a\\u001b\\u007f\\u009b\xc2\xa0\"");
  CHECK(json_without_controls("{\"a\":\t\"\xc2\x9b\xc3\x9b\x7f\",\r\n \"b\": \"\\u001b\"}\n") ==
        "{\"a\": \"\\u009b\xc3\x9b\\u007f\", \n \"b\": \"\\u001b\"}\n");
}
