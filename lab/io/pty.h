#pragma once
// A serial port that is none: gpsd opens the link, the simulator writes at the other end.

#include <string>
#include <string_view>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::lab {

class Pty {
 public:
  /// A new pty in raw mode, open to every user (gpsd gives up root before it opens a device again),
  /// and `link`, a symbolic link to it. A link into /dev/pts that is there, such as a dead
  /// predecessor's, is replaced; anything else of that name is left alone, and fails.
  [[nodiscard]] static Result<Pty> open(const std::string& link);

  ~Pty();
  Pty(Pty&&) noexcept = default;
  Pty& operator=(Pty&&) noexcept = delete;

  /// Writes for whoever reads the port. Never blocks: when nobody has read for so long that it is
  /// full, what is unread is thrown away first. Bytes that find no room even then are lost.
  void write(std::string_view bytes);

  /// Throws away what gpsd has written: its probes. Never blocks.
  void discard_input();

  /// Readable when discard_input() has something to do.
  [[nodiscard]] int fd() const { return master_.get(); }

  [[nodiscard]] const std::string& link() const { return link_; }

  /// "/dev/pts/5".
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  Pty() = default;

  UniqueFd master_;
  UniqueFd slave_;  // held, so that the master has no hang-up between two readers
  std::string port_;
  std::string link_;
};

}  // namespace ntsbox::lab
