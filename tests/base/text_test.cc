#include "base/text.h"

#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("a message shows nothing that could disturb a terminal") {
  CHECK(shown("a\x1b[31m\n") == "\"a?[31m?\"");
  CHECK(shown(std::string(100, 'a')).size() < 100);
}

TEST_CASE("the nearest known word is the one that takes fewest edits", "[base]") {
  CHECK(edits("kitten", "sitting") == 3);
  CHECK(edits("", "abc") == 3);
  CHECK(edits("abc", "abc") == 0);
  CHECK(nearest("alow", {"name", "allow", "airgap"}) == "allow");
  CHECK(nearest("x", {"a", "b"}) == "a");
  CHECK(nearest("x", {}).empty());
}
