#pragma once
// Files that the command line names: the caller's own, outside of any --root.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::provision {

/// The whole of a regular file of at most `most` bytes; "-" is standard input.
[[nodiscard]] Result<std::string> read_own_file(const std::string& path, std::size_t most);

/// Replaces a file atomically, or makes it; "-" is standard output.
[[nodiscard]] Result<void> write_own_file(const std::string& path, std::string_view content,
                                          unsigned mode);

/// Makes a file that is not there yet, root's or the caller's alone until it is whole. One that is
/// there stays, whatever it is, and that is a failure.
[[nodiscard]] Result<void> make_own_file(const std::string& path, std::string_view content,
                                         unsigned mode);

}  // namespace ntsbox::provision
