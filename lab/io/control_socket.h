#pragma once
// Commands while the simulator runs: one a datagram.

#include <optional>
#include <string>

#include "base/result.h"
#include "lab/io/unix_socket.h"

namespace ntsbox::lab {

class ControlSocket {
 public:
  /// Listens at `path`. Fails as BoundSocket::bind does.
  [[nodiscard]] static Result<ControlSocket> listen(const std::string& path);

  /// The next command's text, not judged yet, at most 255 bytes of it; empty when none is waiting.
  /// Never blocks.
  [[nodiscard]] std::optional<std::string> receive();

  /// Readable when receive() has something to give.
  [[nodiscard]] int fd() const { return bound_.fd(); }

  [[nodiscard]] const std::string& path() const { return bound_.path(); }

 private:
  explicit ControlSocket(BoundSocket bound) : bound_(std::move(bound)) {}

  BoundSocket bound_;
};

/// Hands `text` to the simulator that listens at `path`. Fails when none does, or does not take it
/// within a second.
[[nodiscard]] Result<void> send_command(const std::string& path, const std::string& text);

}  // namespace ntsbox::lab
