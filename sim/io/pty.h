#pragma once
// A pty in place of a serial port: gpsd opens the link, the simulator writes at the other end.

#include <string>
#include <string_view>

#include "base/result.h"
#include "posix/file.h"

namespace ntsbox::sim {

class Pty {
 public:
  /// Makes a pty in raw mode, open to every user (gpsd gives up root before it opens a device
  /// again), and `link`, a symbolic link to it. It replaces a link into /dev/pts, such as a
  /// simulator leaves that was killed. Fails, and changes nothing, where anything else of that name
  /// is.
  [[nodiscard]] static Result<Pty> open(const std::string& link);

  ~Pty();
  Pty(Pty&&) noexcept = default;
  Pty& operator=(Pty&&) noexcept = delete;

  /// Writes to the port's reader. Never blocks: when the port's buffer is full, it discards the
  /// unread bytes first. Bytes for which there is no room even then are lost.
  void write(std::string_view bytes);

  /// Discards what gpsd has written: its probes. Never blocks.
  void discard_input();

  /// Readable when there is input to discard.
  [[nodiscard]] int fd() const { return master_.get(); }

  [[nodiscard]] const std::string& link() const { return link_; }

  /// "/dev/pts/5".
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  Pty() = default;

  UniqueFd master_;
  UniqueFd slave_;  // held open, so that the master sees no hang-up between two readers
  std::string port_;
  std::string link_;
};

}  // namespace ntsbox::sim
