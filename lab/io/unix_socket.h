#pragma once
// A Unix socket at a path: bound for its owner alone, and gone when it is closed.

#include <sys/types.h>
#include <sys/un.h>

#include <string>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::lab {

/// The address of `path`, of 1 to 107 bytes; fails on any other length.
[[nodiscard]] Result<sockaddr_un> unix_address(const std::string& path);

class BoundSocket {
 public:
  /// A socket of `type` (SOCK_STREAM, SOCK_DGRAM), mode 0600, that never blocks. A socket that is
  /// there and refuses connections is a dead predecessor's, and is replaced; one that answers, or a
  /// file of another kind, is left alone, and fails.
  [[nodiscard]] static Result<BoundSocket> bind(const std::string& path, int type);

  ~BoundSocket();
  BoundSocket(BoundSocket&&) noexcept = default;
  BoundSocket& operator=(BoundSocket&&) noexcept = delete;

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  BoundSocket() = default;

  UniqueFd fd_;
  std::string path_;
  dev_t device_ = 0;  // which file it made, in case another has replaced it
  ino_t inode_ = 0;
};

}  // namespace ntsbox::lab
