#pragma once
// A plan that must be there, and what it makes of a path.

#include <optional>
#include <string>
#include <variant>

#include "provision/core/plan.h"
#include "tests/support/catch.h"

namespace ntsbox::provision::testing {

inline const Identity identity{"CERTIFICATE", "KEY"};

inline Plan good_plan(const Settings& settings, const Facts& facts,
                      const std::optional<Identity>& with = identity) {
  auto made = plan(settings, facts, with);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *made;
}

inline const File* file_at(const Plan& plan, const std::string& path) {
  for (const auto& resource : plan.resources)
    if (const auto* file = std::get_if<File>(&resource); file && file->path == path) return file;
  return nullptr;
}

inline std::string content(const Plan& plan, const std::string& path) {
  const auto* file = file_at(plan, path);
  INFO(path);
  REQUIRE(file);
  return file->content;
}

}  // namespace ntsbox::provision::testing
