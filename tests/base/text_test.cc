#include "base/text.h"

#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("a message shows nothing that could disturb a terminal") {
  CHECK(shown("a\x1b[31m\n") == "\"a?[31m?\"");
  CHECK(shown(std::string(100, 'a')).size() < 100);
}
