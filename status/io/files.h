#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::status {

/// All of a small file (1 MB at most); empty when it is not there, or not ours to read.
[[nodiscard]] std::optional<std::string> text_of(const std::string& path);

/// Puts `content` in place of the file at `path` in one step, readable by everybody: a reader sees
/// the old one or the new one, never a part. It is written beside it first, as PATH.new; a link at
/// either place is replaced, not followed. Fails in words.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace ntsbox::status
