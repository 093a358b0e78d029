#pragma once
// Small files, written whole or not at all.

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::driver {

/// Puts `content` in place of the file at `path` in one step: a reader sees the old one or the new
/// one. It is written beside it first, as PATH.XXXXXX, and that is removed on failure. A symbolic
/// link at `path` is replaced, not followed. `durable`: also after a power cut (fsync(2) of the
/// file and its folder), which is slow. Fails in words.
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode = 0644,
                          bool durable = false);

/// All of a regular file. Fails, in words, also when it is longer than `most` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t most);

}  // namespace ntsbox::driver
