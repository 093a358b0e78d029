#include "sim/io/sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sim/core/true_time.h"

namespace ntsbox::sim {
namespace {

const sockaddr* general(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Removes a socket at `path` on which no program listens. Fails when something else is there.
Result<void> remove_dead(const std::string& path, const sockaddr_un& address, int type) {
  struct stat found {};

  if (::lstat(path.c_str(), &found) != 0) return {};  // bind(2) reports other errors
  if (!S_ISSOCK(found.st_mode)) return fail(path + ": exists, and is no socket");
  const UniqueFd probe{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.get(), general(address), sizeof address) == 0 || errno != ECONNREFUSED)
    return fail(path + ": another program listens there; stop it, or choose another path");
  if (::unlink(path.c_str()) != 0) return fail(errno, path);
  return {};
}

// The least that the kernel allows: some lines, so that a client that does not read is noticed
// soon.
constexpr int send_buffer = 4096;

/// Whether the client has ended its connection. Whatever a client sends is discarded.
bool has_gone(int fd) {
  std::array<char, 512> discarded{};
  const auto got = ::recv(fd, discarded.data(), discarded.size(), MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace

Result<BoundSocket> BoundSocket::bind(const std::string& path, int type) {
  TRY(const auto address, unix_address(path));
  TRY(remove_dead(path, address, type));
  BoundSocket bound;
  bound.fd_ = UniqueFd{::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // Before bind(2), so that the file never has another mode (Linux gives it the socket's own).
  if (!bound.fd_ || ::fchmod(bound.fd_.get(), 0600) != 0 ||
      ::bind(bound.fd_.get(), general(address), sizeof address) != 0)
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

Result<PulseServer> PulseServer::listen(const std::string& path) {
  TRY(auto bound, BoundSocket::bind(path, SOCK_STREAM));
  if (::listen(bound.fd(), static_cast<int>(most_clients)) != 0) return fail(errno, path);
  return PulseServer{std::move(bound)};
}

void PulseServer::send(SystemTime stamp, std::uint32_t sequence) {
  const auto line = pulse_line(stamp, sequence);
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

Result<ControlSocket> ControlSocket::listen(const std::string& path) {
  TRY(auto bound, BoundSocket::bind(path, SOCK_DGRAM));
  return ControlSocket{std::move(bound)};
}

std::optional<std::string> ControlSocket::receive() {
  std::array<char, 255> text{};
  const auto size = ::recv(bound_.fd(), text.data(), text.size(), MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Result<void> send_command(const std::string& path, const std::string& text) {
  TRY(const auto address, unix_address(path));
  const UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const timeval patience{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, general(address),
               sizeof address) < 0)
    return fail(errno, path);
  return {};
}

}  // namespace ntsbox::sim
