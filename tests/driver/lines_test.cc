#include "driver/core/lines.h"

#include <random>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox::driver;
using namespace std::string_literals;

namespace {

constexpr std::size_t cap = 8;

struct Framed {
  std::vector<std::string> lines;
  std::uint64_t overlong = 0;

  friend bool operator==(const Framed&, const Framed&) = default;
};

/// `text` in pieces that end at `cuts`.
Framed framed(const std::string& text, const std::vector<std::size_t>& cuts = {}) {
  LineFramer framer{cap};
  Framed result;
  const auto take = [&result](std::string_view line) { result.lines.emplace_back(line); };
  std::size_t begin = 0;
  for (const auto cut : cuts) {
    framer.feed(std::string_view{text}.substr(begin, cut - begin), take);
    begin = cut;
  }
  framer.feed(std::string_view{text}.substr(begin), take);
  result.overlong = framer.overlong();
  return result;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line comes when its end does, without it", "[driver][line-framer]") {
  CHECK(framed("one\ntwo\r\n").lines == Lines{"one", "two"});
  CHECK(framed("one\ntw").lines == Lines{"one"});
  CHECK(framed("").lines.empty());
  CHECK(framed("\n\r\n").lines == Lines{"", ""});
}

TEST_CASE("one CR before the LF belongs to the end, any other to the line",
          "[driver][line-framer]") {
  CHECK(framed("a\r\r\n").lines == Lines{"a\r"});
  CHECK(framed("a\rb\n").lines == Lines{"a\rb"});
  CHECK(framed("\ra\n").lines == Lines{"\ra"});
  CHECK(framed("a\0b\n"s).lines == Lines{"a\0b"s});
}

TEST_CASE("a line may be as long as the cap, its end not counted", "[driver][line-framer]") {
  CHECK(framed("12345678\n") == Framed{{"12345678"}, 0});
  CHECK(framed("12345678\r\n") == Framed{{"12345678"}, 0});
  CHECK(framed("123456789\n") == Framed{{}, 1});
  CHECK(framed("12345678\r\r\n") == Framed{{}, 1});
}

TEST_CASE("a line that is too long is passed over up to its end, and the next one is whole",
          "[driver][line-framer]") {
  CHECK(framed("123456789\nok\n") == Framed{{"ok"}, 1});
  std::string text(1000, 'x');
  text.append("\nok\n").append(1000, 'y').append("\r\nok\n");
  CHECK(framed(text) == Framed{{"ok", "ok"}, 2});
}

TEST_CASE("a line without an end is counted once it is too long, and not kept",
          "[driver][line-framer]") {
  CHECK(framed(std::string(1000, 'x'), {10, 20, 500}) == Framed{{}, 1});
}

TEST_CASE("a new beginning forgets the line that had begun", "[driver][line-framer]") {
  LineFramer framer{cap};
  Lines lines;
  const auto take = [&lines](std::string_view line) { lines.emplace_back(line); };
  framer.feed("half", take);
  framer.reset();
  framer.feed("whole\n", take);
  framer.feed(std::string(100, 'x'), take);
  framer.reset();
  framer.feed("again\n", take);
  CHECK(lines == Lines{"whole", "again"});
}

TEST_CASE("the lines do not depend on how the bytes were cut", "[driver][line-framer]") {
  SECTION("every cut in two, every cut in three") {
    const auto text = "a\r\n12345678\r\n\n123456789\n12345678\r\r\nlast\r\nx"s;
    const auto whole = framed(text);
    CHECK(whole == Framed{{"a", "12345678", "", "last"}, 2});
    for (std::size_t i = 0; i <= text.size(); ++i)
      for (std::size_t j = i; j <= text.size(); ++j) REQUIRE(framed(text, {i, j}) == whole);
  }
  SECTION("any text, byte by byte and at random") {
    std::mt19937 random{GENERATE(7U, 8U)};
    for (int round = 0; round < 3000; ++round) {
      std::string text(random() % 60, ' ');
      for (auto& c : text) c = "abcdefgh\r\r\n\n"[random() % 12];
      std::vector<std::size_t> each;
      std::vector<std::size_t> some;
      for (std::size_t i = 0; i < text.size(); ++i) {
        each.push_back(i);
        if (random() % 5 == 0) some.push_back(i);
      }
      const auto whole = framed(text);
      REQUIRE(framed(text, each) == whole);
      REQUIRE(framed(text, some) == whole);
    }
  }
}
