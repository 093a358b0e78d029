#pragma once
// Small files: read whole, and written whole or not at all.

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox {

/// Whether a file must survive a power cut: fsync(2) of the file before it is renamed, and of its
/// folder after. Slow on an SD card.
enum class Durable : bool { no, yes };

/// Puts `content` in place of the file at `path` in one step: a reader sees the old file or the new
/// one. The content is written beside it first, to PATH.XXXXXX, which belongs to this process's
/// user alone (mode 0600) until it is complete and is removed on failure. A symbolic link at `path`
/// is replaced, not followed. `mode` does not depend on the umask. Fails with a message that names
/// the file.
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode = 0644,
                          Durable durable = Durable::no);

/// Creates a file durably, with mode 0600 until it is complete. Fails when something is there
/// already, a symbolic link included, and leaves that as it is.
[[nodiscard]] Result<void> create_file(const std::string& path, std::string_view content,
                                       mode_t mode);

/// The content of a regular file. Does not wait for the writer of a named pipe. Fails with a
/// message that names the file, also when the file is longer than `most` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t most);

/// read_file, where "-" is standard input.
[[nodiscard]] Result<std::string> read_file_or_input(const std::string& path, std::size_t most);

/// A durable replace_file, where "-" is standard output.
[[nodiscard]] Result<void> write_file_or_output(const std::string& path, std::string_view content,
                                                mode_t mode);

/// Writes all of `content`; 0 or an errno.
[[nodiscard]] int write_all(int fd, std::string_view content);

/// Appends what `fd` holds from here to its end to `content`; 0 or an errno, EFBIG when that would
/// make `content` longer than `most` bytes.
[[nodiscard]] int read_all(int fd, std::string& content, std::size_t most);

}  // namespace ntsbox
