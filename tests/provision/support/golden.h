#pragma once
// A rendered file beside the one that was judged good by eye. NTSBOX_GOLDEN=write writes them anew.

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/catch.h"

namespace ntsbox::provision::testing {

inline void check_golden(const std::string& name, const std::string& text) {
  const auto path = std::string{NTSBOX_SOURCE} + "/tests/provision/golden/" + name;
  if (const auto* mode = std::getenv("NTSBOX_GOLDEN"); mode && std::string{mode} == "write")
    std::ofstream{path, std::ios::binary} << text;
  std::ifstream in{path, std::ios::binary};
  INFO(path);
  REQUIRE(in);
  CHECK(text == std::string{std::istreambuf_iterator<char>{in}, {}});
}

}  // namespace ntsbox::provision::testing
