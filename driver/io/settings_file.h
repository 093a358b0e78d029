#pragma once
// The settings from their file.

#include <string>

#include "base/result.h"
#include "driver/core/settings.h"

namespace ntsbox::driver {

/// Reads a regular file of at most 64 KiB. A file that is not there gives the defaults, unless it
/// `must_exist`. An error is one line that names the file, what is wrong with it and the cure.
[[nodiscard]] Result<Settings> read_settings(const std::string& path, bool must_exist);

}  // namespace ntsbox::driver
