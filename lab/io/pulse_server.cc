#include "lab/io/pulse_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ntsbox::lab {
namespace {

// The least that the kernel gives: some lines, so that one who does not read is found out soon.
constexpr int send_buffer = 4096;

/// A client has nothing to say; what it says is thrown away.
bool has_gone(int fd) {
  std::array<char, 512> thrown_away{};
  const auto got = ::recv(fd, thrown_away.data(), thrown_away.size(), MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

Result<PulseServer> PulseServer::listen(const std::string& path) {
  auto bound = BoundSocket::bind(path, SOCK_STREAM);
  if (!bound) return tl::unexpected{bound.error()};
  if (::listen(bound->fd(), static_cast<int>(most_clients)) != 0) return fail(errno, path);
  return PulseServer{std::move(*bound)};
}

void PulseServer::send(std::string_view line) {
  std::erase_if(clients_, [&](const UniqueFd& client) {
    const auto sent = ::send(client.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent != static_cast<ssize_t>(line.size());
  });
}

void PulseServer::watch(std::vector<pollfd>& polled) const {
  polled.push_back({listener_.fd(), POLLIN, 0});
  for (const auto& client : clients_) polled.push_back({client.get(), POLLIN, 0});
}

void PulseServer::serve() {
  std::erase_if(clients_, [](const UniqueFd& client) { return has_gone(client.get()); });
  for (std::size_t i = 0; i <= most_clients; ++i) {
    UniqueFd client{::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!client) return;
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    if (clients_.size() < most_clients) clients_.push_back(std::move(client));
  }
}

}  // namespace ntsbox::lab
