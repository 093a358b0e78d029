#pragma once
// systemd's notification protocol (sd_notify(3), systemd.service(5) Type=notify), spoken by hand:
// it is stable, and its library would bring five others into the process.

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

/// Silent when the daemon was not started by systemd. Never blocks; a message that cannot be sent
/// is lost.
class Notify {
 public:
  /// Takes what the environment variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say.
  Notify(const std::optional<std::string>& socket, const std::optional<std::string>& watchdog_usec,
         const std::optional<std::string>& watchdog_pid);

  void ready() const { send("READY=1"); }

  /// One line for `systemctl status`; control characters become spaces.
  void status(std::string_view line) const;

  void watchdog() const { send("WATCHDOG=1"); }

  void stopping() const { send("STOPPING=1"); }

  /// To be followed by ready() once it is done. `now` is the present, CLOCK_MONOTONIC.
  void reloading(MonotonicTime now) const;

  /// Within which systemd wants to hear watchdog(); empty when it keeps no watch on this process.
  [[nodiscard]] std::optional<nanoseconds> watchdog_interval() const { return watchdog_; }

 private:
  void send(const std::string& message) const;

  UniqueFd socket_;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::optional<nanoseconds> watchdog_;
};

}  // namespace ntsbox::driver
