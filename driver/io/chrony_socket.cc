#include "driver/io/chrony_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace ntsbox::driver {

Result<ChronySocket> ChronySocket::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail(path +
                ": the path of a socket has 1 to 107 bytes; choose another in [chrony] socket");
  std::copy(path.begin(), path.end(), address.sun_path);
  return ChronySocket{address};
}

int ChronySocket::send(std::span<const std::byte> datagram) {
  if (!socket_) socket_ = UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket_) return errno;
  const auto sent =
      ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  return sent < 0 ? errno : 0;
}

}  // namespace ntsbox::driver
