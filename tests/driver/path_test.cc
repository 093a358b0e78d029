#include "driver/core/path.h"

#include <string>

#include "tests/support/catch.h"

using namespace ntsbox::driver;
using namespace std::string_literals;

TEST_CASE("plain text has no control characters", "[driver][path]") {
  CHECK(is_plain(""));
  CHECK(is_plain(" ~"));
  CHECK(is_plain("\xc3\xa9\x80\xff"));
  for (const auto& text : {"\0"s, "\x01"s, "\x1f"s, "\x7f"s, "a\n"s}) CHECK_FALSE(is_plain(text));
}

TEST_CASE("a path is absolute, plain and of a file", "[driver][path]") {
  for (const auto* path : {"/a", "/dev/pps0", "//a", "/a b"}) CHECK(is_path(path));
  for (const auto* path : {"", "/", "a", "a/b", "/a/", "/a\n"}) CHECK_FALSE(is_path(path));
  CHECK(is_socket_path("/" + std::string(106, 'x')));
  CHECK_FALSE(is_socket_path("/" + std::string(107, 'x')));
  CHECK_FALSE(is_socket_path("x"));
}
