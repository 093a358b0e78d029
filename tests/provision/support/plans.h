#pragma once
// A plan that must be there, and what it makes of a path.

#include <optional>
#include <string>

#include "provision/core/server_plan.h"
#include "tests/support/catch.h"

namespace ntsbox::provision::testing {

inline const Identity identity{.key = "KEY", .certificate = "CERTIFICATE"};

inline Plan good_plan(const Settings& settings, const Facts& facts,
                      const std::optional<Identity>& with = identity) {
  auto made = plan(settings, facts, with);
  INFO((made ? "" : made.error().message));
  REQUIRE(made);
  return *made;
}

/// The resource at `path` that is of `kind`; null when there is none.
inline const Resource* resource_at(const Plan& plan, const std::string& path,
                                   Entry::Kind kind = Entry::Kind::file) {
  for (const auto& resource : plan.resources)
    if (resource.path == path && resource.entry && resource.entry->kind == kind) return &resource;
  return nullptr;
}

inline std::string content(const Plan& plan, const std::string& path) {
  const auto* file = resource_at(plan, path);
  INFO(path);
  REQUIRE(file);
  return file->entry->content;
}

}  // namespace ntsbox::provision::testing
