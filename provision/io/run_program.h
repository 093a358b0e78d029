#pragma once
// A program of a root, run and waited for.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// Runs `command` with `root`, an open folder, as its root and working folder (not when it is this
/// machine's own: `root` < 0), with `input` as its standard input and nothing of our environment.
/// Fails when no process could be made at all.
[[nodiscard]] Result<Ran> run_program(int root, const std::vector<std::string>& command,
                                      std::string_view input);

}  // namespace ntsbox::provision
