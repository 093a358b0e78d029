#pragma once
// A folder of the test's own, gone at its end.

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>

#include "tests/support/catch.h"

namespace ntsbox::test {

struct Folder {
  Folder() {
    char name[] = "/tmp/ntsbox-test-XXXXXX";
    REQUIRE(mkdtemp(name));
    path = name;
  }

  ~Folder() { std::filesystem::remove_all(path); }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  /// The path of `name` in it.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path / name; }

  [[nodiscard]] long entries() const {
    return std::distance(std::filesystem::directory_iterator{path},
                         std::filesystem::directory_iterator{});
  }

  std::filesystem::path path;
};

}  // namespace ntsbox::test
