#include "driver/io/pulse_stream.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "driver/core/lines.h"

namespace ntsbox::driver {
namespace {

constexpr nanoseconds between_attempts = 1s;
constexpr char is_it_running[] = ": is the program that sends the pulses running?";

}  // namespace

PulseStream::PulseStream(std::string path) : path_(std::move(path)), framer_(longest_pulse_line) {}

void PulseStream::tick(MonotonicTime now, const Take& take) {
  if (socket_ || (tried_ && difference(now, *tried_) < between_attempts)) return;
  tried_ = now;
  auto connected = connect();
  if (!connected) return lose(connected.error().message, take);
  socket_ = std::move(*connected);
  framer_.reset();
  told_.clear();
  take({PulseRecord::Kind::opened, {}, ""});
}

Result<UniqueFd> PulseStream::connect() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path)
    return fail(path_ + ": too long for the path of a socket");
  std::copy(path_.begin(), path_.end(), address.sun_path);
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return fail(errno, path_);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail("stream:" + path_ + ": " + std::generic_category().message(errno) + is_it_running);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(errno, path_);
  if (peer.uid != 0 && peer.uid != geteuid())
    return fail("stream:" + path_ + ": not believed, since it runs as user " +
                std::to_string(peer.uid) + ", neither root nor the user of ntsboxd");
  return socket;
}

void PulseStream::drain(const Take& take) {
  bool malformed = false;
  std::array<char, 4096> bytes;
  while (socket_ && !malformed) {
    const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0)
      return lose("stream:" + path_ + ": " + std::generic_category().message(errno), take);
    if (got == 0)
      return lose("stream:" + path_ + ": the program that sends the pulses went away", take);
    const auto overlong = framer_.overlong();
    framer_.feed({bytes.data(), static_cast<std::size_t>(got)}, [&](std::string_view line) {
      const auto pulse = malformed ? std::nullopt : parse_pulse_line(line);
      malformed = !pulse;
      if (pulse) take({PulseRecord::Kind::pulse, *pulse, ""});
    });
    malformed = malformed || framer_.overlong() != overlong;
  }
  if (malformed)
    lose("stream:" + path_ + ": sent a line that is not \"SECONDS.NNNNNNNNN SEQUENCE\"", take);
}

/// Told once: not again while attempts to return fail.
void PulseStream::lose(const std::string& words, const Take& take) {
  socket_.reset();
  if (!std::exchange(told_, words).empty()) return;
  take({PulseRecord::Kind::lost, {}, words});
}

}  // namespace ntsbox::driver
