#include "lab/io/control_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace ntsbox::lab {

Result<ControlSocket> ControlSocket::listen(const std::string& path) {
  auto bound = BoundSocket::bind(path, SOCK_DGRAM);
  if (!bound) return tl::unexpected{bound.error()};
  return ControlSocket{std::move(*bound)};
}

std::optional<std::string> ControlSocket::receive() {
  std::array<char, 255> text{};
  const auto size = ::recv(bound_.fd(), text.data(), text.size(), MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Result<void> send_command(const std::string& path, const std::string& text) {
  const auto address = unix_address(path);
  if (!address) return tl::unexpected{address.error()};
  const UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const timeval patience{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const auto sent = ::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  if (sent < 0) return fail(errno, path);
  return {};
}

}  // namespace ntsbox::lab
