#include "sim/io/pty.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

namespace ntsbox::sim {
namespace {

/// The target of the symbolic link at `path`; empty when there is none.
std::string target_of(const std::string& path) {
  std::array<char, 256> target{};
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  return size < 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(size));
}

Result<void> make_link(const std::string& port, const std::string& link) {
  if (target_of(link).starts_with("/dev/pts/")) ::unlink(link.c_str());
  if (::symlink(port.c_str(), link.c_str()) == 0) return {};
  if (errno == EEXIST)
    return fail(link + ": exists, and is no link to a pty; choose another --pty");
  return fail(errno, link);
}

Result<void> make_raw(int fd) {
  termios modes{};
  if (::tcgetattr(fd, &modes) != 0) return fail(errno, "pty");
  ::cfmakeraw(&modes);
  if (::tcsetattr(fd, TCSANOW, &modes) != 0) return fail(errno, "pty");
  return {};
}

}  // namespace

Result<Pty> Pty::open(const std::string& link) {
  Pty pty;
  pty.master_ = UniqueFd{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  std::array<char, 64> name{};
  if (!pty.master_ || ::grantpt(pty.master_.get()) != 0 || ::unlockpt(pty.master_.get()) != 0 ||
      ::ptsname_r(pty.master_.get(), name.data(), name.size()) != 0)
    return fail(errno, "cannot make a pty");
  pty.port_ = name.data();
  pty.slave_ = UniqueFd{::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  if (!pty.slave_ || ::fchmod(pty.slave_.get(), 0666) != 0) return fail(errno, pty.port_);
  TRY(make_raw(pty.slave_.get()));
  TRY(make_link(pty.port_, link));
  pty.link_ = link;
  return pty;
}

Pty::~Pty() {
  // Another simulator may have replaced the link.
  if (master_ && !link_.empty() && target_of(link_) == port_) ::unlink(link_.c_str());
}

void Pty::write(std::string_view bytes) {
  for (int tries = 0; tries < 2 && !bytes.empty(); ++tries) {
    const auto written = ::write(master_.get(), bytes.data(), bytes.size());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
    if (bytes.empty()) return;
    // Unread bytes are in two queues: on their way to the port, and in it.
    ::tcflush(master_.get(), TCOFLUSH);
    ::tcflush(slave_.get(), TCIFLUSH);
  }
}

void Pty::discard_input() {
  constexpr int most_reads = 16;  // a reader that echoes must not keep the simulator here
  std::array<char, 4096> discarded{};
  for (int i = 0; i < most_reads; ++i)
    if (::read(master_.get(), discarded.data(), discarded.size()) <= 0) return;
}

}  // namespace ntsbox::sim
