#include "lab/io/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ntsbox::lab {
namespace {

const sockaddr* general(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Makes way at `path`: done when nothing is there any more.
Result<void> remove_dead(const std::string& path, const sockaddr_un& address, int type) {
  struct stat found {};

  if (::lstat(path.c_str(), &found) != 0) return {};  // bind(2) tells what else is wrong
  if (!S_ISSOCK(found.st_mode)) return fail(path + ": exists, and is no socket");
  const UniqueFd probe{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.get(), general(address), sizeof address) == 0 || errno != ECONNREFUSED)
    return fail(path + ": another program listens there; stop it, or choose another path");
  if (::unlink(path.c_str()) != 0) return fail(errno, path);
  return {};
}

}  // namespace

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail("'" + path + "': the path of a socket has 1 to 107 bytes");
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  return address;
}

Result<BoundSocket> BoundSocket::bind(const std::string& path, int type) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected{address.error()};
  if (const auto way = remove_dead(path, *address, type); !way) return tl::unexpected{way.error()};
  BoundSocket bound;
  bound.fd_ = UniqueFd{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // Before bind(2), so that the file never has another mode (Linux gives it the socket's own).
  if (!bound.fd_ || ::fchmod(bound.fd_.get(), 0600) != 0 ||
      ::bind(bound.fd_.get(), general(*address), sizeof *address) != 0)
    return fail(errno, path);

  struct stat made {};

  if (::lstat(path.c_str(), &made) != 0) return fail(errno, path);
  bound.path_ = path;
  bound.device_ = made.st_dev;
  bound.inode_ = made.st_ino;
  return bound;
}

BoundSocket::~BoundSocket() {
  struct stat found {};

  if (fd_ && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
      found.st_ino == inode_)
    ::unlink(path_.c_str());
}

}  // namespace ntsbox::lab
