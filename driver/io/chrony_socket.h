#pragma once
// chronyd's SOCK refclock (chrony refclock_sock.c). The socket is never connected, so that a
// restart of chronyd costs nothing, and never bound, since chronyd's AppArmor profile forbids
// answers to a path.

#include <sys/un.h>

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

class ChronySocket {
 public:
  /// For the socket at `path`, which need not exist. Fails in words when no socket can have that
  /// path.
  static Result<ChronySocket> open(const std::string& path);

  /// Sends one datagram to the path. Never blocks, never makes or removes anything there. 0 when
  /// chronyd's queue took it, else an errno: ENOENT and ECONNREFUSED (not running), EACCES, EAGAIN
  /// (queue full), ...
  int send(std::span<const std::byte> datagram);

 private:
  explicit ChronySocket(const sockaddr_un& address) : address_(address) {}

  sockaddr_un address_{};
  UniqueFd socket_;
};

}  // namespace ntsbox::driver
