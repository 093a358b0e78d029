#pragma once
// `ntsboxd --replay FILE`.

#include <string>

#include "base/result.h"

namespace ntsbox::driver {

/// Replays the event log at `path` ("-" is standard input) and prints its decisions on standard
/// output. Fails on a log that cannot be read or is malformed (the error names the file and the
/// line), after the decisions that came before; then there is no summary.
[[nodiscard]] Result<void> replay_file(const std::string& path);

}  // namespace ntsbox::driver
