#pragma once
// The pulse stream: a line an edge, to every program that has connected.

#include <poll.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/io/unix_socket.h"
#include "posix/unique_fd.h"

namespace ntsbox::lab {

class PulseServer {
 public:
  static constexpr std::size_t most_clients = 10;

  /// Listens at `path`. Fails as BoundSocket::bind does.
  [[nodiscard]] static Result<PulseServer> listen(const std::string& path);

  /// Sends `line` to each client. Never blocks: a client that has not made room for it is dropped.
  void send(std::string_view line);

  /// Adds to `polled` what to wait for.
  void watch(std::vector<pollfd>& polled) const;

  /// Takes in who is waiting (beyond most_clients: closes at once), and forgets who has gone. Never
  /// blocks.
  void serve();

  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  [[nodiscard]] const std::string& path() const { return listener_.path(); }

 private:
  explicit PulseServer(BoundSocket listener) : listener_(std::move(listener)) {}

  BoundSocket listener_;
  std::vector<UniqueFd> clients_;
};

}  // namespace ntsbox::lab
