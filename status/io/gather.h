#pragma once
// The evidence on this machine.

#include <string>

#include "base/result.h"
#include "diagnose/view.h"

namespace ntsbox::status {

/// What every user can read, and a new collection where chronyd answers to this user; else the one
/// that ntsbox-status.timer left. Within some seconds, also when nobody answers.
[[nodiscard]] Result<diagnose::Evidence> gather();

/// What chronyd answers to root and to its own user alone. Fails when chronyd does not answer.
[[nodiscard]] Result<diagnose::Collection> collect();

/// Adds a line to the daily files under `folder`. Ten lines are written at a time, so that an SD
/// card is written to six times an hour; until then they wait in the file `waiting`, which is in
/// memory. When they cannot be written they wait on, and that is a failure.
Result<void> keep_served(UtcSecond when, const std::string& line, const std::string& waiting,
                         const std::string& folder);

}  // namespace ntsbox::status
