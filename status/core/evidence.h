#pragma once
// What the status is judged from: texts as they were found. io/gather gathers, tests make it up.

#include <optional>
#include <string>

#include "base/time.h"
#include "status/core/collection.h"

namespace ntsbox::status {

struct Evidence {
  SystemTime now{};
  bool chronyc_there = true;            // it is installed
  std::optional<std::string> feed;      // ntsboxd's status file
  std::optional<std::string> tracking;  // chronyc -c; empty: no answer
  std::optional<std::string> sources;
  std::optional<Collection> collection;
  std::optional<std::string> leap_table;
};

}  // namespace ntsbox::status
