#pragma once
// A file descriptor that closes itself; and small files: read whole, and written whole or not at
// all.

#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace ntsbox {

class UniqueFd {
 public:
  UniqueFd() = default;

  explicit UniqueFd(int fd) : fd_(fd) {}

  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  ~UniqueFd() { reset(); }

  /// -1 when empty.
  [[nodiscard]] int get() const { return fd_; }

  explicit operator bool() const { return fd_ >= 0; }

  /// The descriptor, which is the caller's to close from now on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

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

/// read_file of what a user of fewer rights may have put there: `path` itself must be no symbolic
/// link, which could lead to a file that only this process can read. Links above it are followed:
/// the caller names folders that only root can replace.
[[nodiscard]] Result<std::string> read_foreign_file(const std::string& path, std::size_t most);

/// read_file, where "-" is standard input.
[[nodiscard]] Result<std::string> read_file_or_input(const std::string& path, std::size_t most);

/// A durable replace_file, where "-" is standard output.
[[nodiscard]] Result<void> write_file_or_output(const std::string& path, std::string_view content,
                                                mode_t mode);

/// Appends `text` to a file that is open for that, whole or not at all: half a line would be
/// malformed. 0 or an errno.
[[nodiscard]] int append_whole(int fd, std::string_view text);

/// Whether the last line of a regular file, of `size` bytes, has no line feed.
[[nodiscard]] bool is_cut(int fd, off_t size);

/// The address of a Unix socket. Fails unless `path` has 1 to 107 bytes.
[[nodiscard]] Result<sockaddr_un> unix_address(const std::string& path);

/// Writes all of `content`; 0 or an errno.
[[nodiscard]] int write_all(int fd, std::string_view content);

/// Appends what `fd` holds from here to its end to `content`; 0 or an errno, EFBIG when that would
/// make `content` longer than `most` bytes.
[[nodiscard]] int read_all(int fd, std::string& content, std::size_t most);

}  // namespace ntsbox
