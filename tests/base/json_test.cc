#include "base/json.h"

#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace std::string_literals;

namespace {

/// The members as text: "key:i1" for an integer, "key:sabc" for a string and so on; empty for no
/// object.
std::optional<std::vector<std::string>> members_of(const std::string& text,
                                                   JsonParser::Limits limits = {}) {
  JsonParser parser{limits};
  std::vector<std::string> found;
  const bool object = parser.parse(text, [&found](std::string_view key, const JsonValue& value) {
    auto told = std::string{key} + ":";
    if (const auto* b = std::get_if<bool>(&value)) told += *b ? "true" : "false";
    if (const auto* i = std::get_if<std::int64_t>(&value)) told += "i" + std::to_string(*i);
    if (const auto* u = std::get_if<std::uint64_t>(&value)) told += "u" + std::to_string(*u);
    if (std::holds_alternative<double>(value)) told += "d";
    if (const auto* s = std::get_if<std::string_view>(&value)) told += "s" + std::string{*s};
    if (std::holds_alternative<std::monostate>(value)) told += "other";
    if (std::holds_alternative<const JsonArray*>(value)) told += "array";
    found.push_back(told);
  });
  if (!object) CHECK(found.empty());
  return object ? std::optional{found} : std::nullopt;
}

std::string nested(std::size_t objects) {
  std::string text;
  for (std::size_t i = 1; i < objects; ++i) text += R"({"a":)";
  text += "{}";
  for (std::size_t i = 1; i < objects; ++i) text += '}';
  return text;
}

/// What a string becomes when it is quoted and read again.
std::optional<std::string> round_trip(std::string_view text) {
  const auto found = members_of(R"({"k":)" + json_quote(text) + "}");
  if (!found || found->size() != 1 || found->front().substr(0, 3) != "k:s") return std::nullopt;
  return found->front().substr(3);
}

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE("an object's members come in order, each with its kind", "[base][json]") {
  CHECK(members_of(R"({"a":1,"b":-2,"c":"x","d":true,"e":null,"f":{"a":9},"g":[1],"h":1.5})") ==
        Found{"a:i1", "b:i-2", "c:sx", "d:true", "e:other", "f:other", "g:array", "h:d"});
  CHECK(members_of("{}") == Found{});
  CHECK(members_of(" {\"a\" : 1 }\r\n") == Found{"a:i1"});
}

TEST_CASE("a member given twice comes twice", "[base][json]") {
  CHECK(members_of(R"({"a":1,"a":2})") == Found{"a:i1", "a:i2"});
}

TEST_CASE("an integer keeps all of its 64 bits, and is never a rounded one", "[base][json]") {
  CHECK(members_of(R"({"a":9223372036854775807,"b":-9223372036854775808})") ==
        Found{"a:i9223372036854775807", "b:i-9223372036854775808"});
  CHECK(members_of(R"({"a":9223372036854775808,"b":18446744073709551615})") ==
        Found{"a:u9223372036854775808", "b:u18446744073709551615"});
  CHECK(members_of(R"({"a":1.0,"b":1e3})") == Found{"a:d", "b:d"});
  CHECK_FALSE(members_of(R"({"a":18446744073709551616})"));
  CHECK_FALSE(members_of(R"({"a":-9223372036854775809})"));
  CHECK_FALSE(members_of(R"({"a":1)" + std::string(400, '0') + "}"));
}

TEST_CASE("escapes are undone, in keys as in values", "[base][json]") {
  CHECK(members_of(R"({"a\u0062":"\"\\\/\b\f\n\r\t\u00e9\ud83d\udef0"})") ==
        Found{"ab:s\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x9b\xb0"});
  CHECK(members_of(R"({"a":"x\u0000y"})") == Found{"a:sx\0y"s});
}

TEST_CASE("what is not one well-formed object is none", "[base][json]") {
  const auto bad =
      GENERATE(as<std::string>{}, "", " ", "{", "}", "[]", "1", "null", R"("a")", R"({"a":1)",
               R"({"a":1}})", R"({"a":1}{"b":2})", R"({"a":1,})", R"({,"a":1})", R"({a:1})",
               R"({'a':1})", R"({"a":01})", R"({"a":+1})", R"({"a":.5})", R"({"a":1.})",
               R"({"a":nul})", R"({"a":NaN})", R"({"a" 1})", R"({"a":1 "b":2})", R"({"a":"\x"})",
               R"({"a":"\u12"})", R"({"a":"\ud83d"})", R"({"a":"\ud83dx"})", R"({"a":"b)",
               "{\"a\":\"b\nc\"}", "{\"a\":\"b\tc\"}", "{\"a\":\"\x01\"}", "{\"a\":1}\x01",
               "\xef\xbb\xbf{\"a\":", R"({"a":1} // b)", R"({"a":[1})", "{\"a\":[1}]");
  CAPTURE(bad);
  CHECK_FALSE(members_of(bad));
}

TEST_CASE("what is not UTF-8 is no object", "[base][json]") {
  const auto bad = GENERATE(as<std::string>{}, "\x80", "\xff", "\xc0\x80", "\xc3", "\xed\xa0\x80",
                            "\xf5\x80\x80\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80");
  CHECK_FALSE(members_of("{\"a\":\"" + bad + "\"}"));
}

TEST_CASE("a NUL is no end of the text, and no part of it outside a string", "[base][json]") {
  CHECK_FALSE(members_of("{\"a\":1}\0"s));
  CHECK_FALSE(members_of("{\"a\":1}\0{}"s));
  CHECK_FALSE(members_of("{\"a\":\"\0\"}"s));
}

TEST_CASE("an object within an object counts as a level", "[base][json]") {
  CHECK(members_of(nested(8), {.depth = 8}));
  CHECK_FALSE(members_of(nested(9), {.depth = 8}));
  CHECK_FALSE(members_of(nested(100'000), {.depth = 8}));
  CHECK_FALSE(members_of(R"({"a":)" + std::string(100'000, '['), {.depth = 8}));
}

TEST_CASE("a text beyond its limit is not looked at", "[base][json]") {
  const std::string text = R"({"a":12})";
  CHECK(members_of(text, {.bytes = text.size()}));
  CHECK_FALSE(members_of(text, {.bytes = text.size() - 1}));
}

TEST_CASE("a parser goes on after junk, and after a longer text than before", "[base][json]") {
  JsonParser parser{{}};
  int calls = 0;
  const auto count = [&calls](std::string_view, const JsonValue&) { ++calls; };
  CHECK_FALSE(parser.parse("{]", count));
  CHECK(parser.parse(R"({"a":1})", count));
  CHECK(parser.parse(R"({"a":")" + std::string(100'000, 'x') + "\"}", count));
  JsonParser moved = std::move(parser);
  CHECK(moved.parse(R"({"a":1})", count));
  CHECK(calls == 3);
}

TEST_CASE("of an array its objects are told, and nothing else of it", "[base][json]") {
  JsonParser parser{{}};
  std::string told;
  const auto array = [&told](std::string_view, const JsonValue& value) {
    std::get<const JsonArray*>(value)->for_each_object(
        [&told] { told += '|'; }, [&told](std::string_view key, const JsonValue&) { told += key; });
  };
  CHECK(parser.parse(R"({"list":[1,{"a":1,"b":2},"x",[{"no":1}],{},null,{"c":{"no":1}}]})", array));
  CHECK(told == "|ab||c");
}

TEST_CASE("any UTF-8 text survives its quoting", "[base][json]") {
  CHECK(json_quote("a\"b\\c\n\x7f") == R"("a\"b\\c\u000a\u007f")");
  CHECK(json_quote("") == R"("")");
  const auto text = GENERATE(as<std::string>{}, "", "plain", "\"\\/\b\f\n\r\t", "a\0b"s,
                             "\x01\x1f\x7f", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9b\xb0",
                             "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80");
  CHECK(round_trip(text) == text);
}

TEST_CASE("each byte that is not UTF-8 becomes U+FFFD when it is quoted", "[base][json]") {
  const auto r = "\xef\xbf\xbd"s;
  CHECK(round_trip("a\xff"
                   "b") == "a" + r + "b");
  CHECK(round_trip("\xc3") == r);
  CHECK(round_trip("\xc3(") == r + "(");
  CHECK(round_trip("\xc0\x80") == r + r);
  CHECK(round_trip("\xed\xa0\x80") == r + r + r);
  CHECK(round_trip("\xf4\x90\x80\x80") == r + r + r + r);
}

TEST_CASE("whatever is quoted is well-formed, and quoting it again changes nothing",
          "[base][json]") {
  std::mt19937 random{GENERATE(1U, 2U)};
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 12, '\0');
    for (auto& c : text) c = static_cast<char>(random() & 0xff);
    const auto once = round_trip(text);
    REQUIRE(once);
    REQUIRE(round_trip(*once) == once);
  }
}

TEST_CASE("nested members are told with the way to them", "[base][json]") {
  JsonParser parser{{}};
  std::vector<std::string> keys;
  const auto note = [&keys](std::string_view key, const JsonValue&) { keys.emplace_back(key); };
  REQUIRE(parser.parse_nested(R"({"a":1,"b":{"c":2,"d":{"e":"f"}},"g":[{"h":1}]})", note));
  CHECK(keys == std::vector<std::string>{"a", "b", "g", "b.c", "b.d", "b.d.e"});
  CHECK_FALSE(parser.parse_nested("[1]", note));
}
