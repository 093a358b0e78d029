#pragma once
// One daemon at a time: two that feed one chronyd would poison it silently.

#include <string>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

/// Holds a lock beside the status file for as long as the descriptor lives. Empty, without
/// protection, when `status_file` is "" or its folder cannot be written. Fails when another daemon
/// holds it.
[[nodiscard]] Result<UniqueFd> claim_instance(const std::string& status_file);

}  // namespace ntsbox::driver
