#pragma once
// Asking another program.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox::status {

struct Answer {
  bool there = true;  // false: there is no such program
  int status = 0;     // its exit status; 128 and more: it was killed, by patience's end as well
  std::string output;
};

/// Runs `command` and waits for its end, or for that of `patience`. Fails when no process can be
/// made.
[[nodiscard]] Result<Answer> ask(const std::vector<std::string>& command, nanoseconds patience);

}  // namespace ntsbox::status
