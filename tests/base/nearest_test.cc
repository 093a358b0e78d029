#include "base/nearest.h"

#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("the nearest known word is the one that takes fewest edits", "[base]") {
  CHECK(edits("kitten", "sitting") == 3);
  CHECK(edits("", "abc") == 3);
  CHECK(edits("abc", "abc") == 0);
  CHECK(nearest("alow", {"name", "allow", "airgap"}) == "allow");
  CHECK(nearest("x", {"a", "b"}) == "a");
  CHECK(nearest("x", {}).empty());
}
