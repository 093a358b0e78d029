#pragma once
// A pulse stream (docs/event-log.md): another program writes a line an edge on a Unix stream
// socket.

#include <optional>
#include <string>

#include "base/result.h"
#include "driver/core/lines.h"
#include "driver/io/pulse_feed.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

class PulseStream final : public PulseFeed {
 public:
  explicit PulseStream(std::string path);

  [[nodiscard]] int fd() const override { return socket_.get(); }

  /// Drops the connection at the first line that is not one of a pulse stream.
  void drain(const Take& take) override;
  /// Tries to connect, once a second. Believes only a listener that runs as root or as this user.
  void tick(MonotonicTime now, const Take& take) override;

 private:
  [[nodiscard]] Result<UniqueFd> connect() const;
  void lose(const std::string& words, const Take& take);

  std::string path_;
  UniqueFd socket_;
  LineFramer framer_;
  std::optional<MonotonicTime> tried_;
  std::string told_;  // the words of the loss as last told; "" while connected
};

}  // namespace ntsbox::driver
