#pragma once
// The simulator's Unix sockets: the pulse stream, to which readers connect, and the commands that
// come while the simulator runs.

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "posix/file.h"

namespace ntsbox::sim {

/// A Unix socket at a path, which only its owner may use, and which is removed when it is closed.
class BoundSocket {
 public:
  /// A socket of `type` (SOCK_STREAM, SOCK_DGRAM), mode 0600, that never blocks. It replaces a
  /// socket that refuses connections, which a program left that has ended. Fails, and changes
  /// nothing, where a socket answers or a file of another kind is.
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
  dev_t device_ = 0;  // of the file that bind(2) made, which another program may have replaced
  ino_t inode_ = 0;
};

/// The pulse stream: a line an edge, to every program that is connected.
class PulseServer {
 public:
  static constexpr std::size_t most_clients = 10;

  /// Listens at `path`. Fails as BoundSocket::bind does.
  [[nodiscard]] static Result<PulseServer> listen(const std::string& path);

  /// Sends an edge to each client. Never blocks: it closes the connection of a client whose buffer
  /// is full.
  void send(SystemTime stamp, std::uint32_t sequence);

  /// Adds the descriptors to wait for to `polled`.
  void watch(std::vector<pollfd>& polled) const;

  /// Accepts new clients (beyond most_clients it closes them at once), and closes the connections
  /// that clients have ended. Never blocks.
  void serve();

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  [[nodiscard]] const std::string& path() const { return listener_.path(); }

 private:
  explicit PulseServer(BoundSocket listener) : listener_(std::move(listener)) {}

  BoundSocket listener_;
  std::vector<UniqueFd> clients_;
};

/// Commands to the running simulator, one a datagram.
class ControlSocket {
 public:
  /// Listens at `path`. Fails as BoundSocket::bind does.
  [[nodiscard]] static Result<ControlSocket> listen(const std::string& path);

  /// The next command's text, not parsed yet, at most 255 bytes of it; empty when none is waiting.
  /// Never blocks.
  [[nodiscard]] std::optional<std::string> receive();

  /// Readable when receive() would return a command.
  [[nodiscard]] int fd() const { return bound_.fd(); }

  [[nodiscard]] const std::string& path() const { return bound_.path(); }

 private:
  explicit ControlSocket(BoundSocket bound) : bound_(std::move(bound)) {}

  BoundSocket bound_;
};

/// Sends `text` to the simulator that listens at `path`. Fails when none listens, or when it does
/// not receive it within a second.
[[nodiscard]] Result<void> send_command(const std::string& path, const std::string& text);

}  // namespace ntsbox::sim
