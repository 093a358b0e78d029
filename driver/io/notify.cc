#include "driver/io/notify.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

namespace ntsbox::driver {
namespace {

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<nanoseconds> interval(const std::optional<std::string>& usec,
                                    const std::optional<std::string>& pid) {
  if (pid && number(*pid) != getpid()) return std::nullopt;
  const auto value = usec ? number(*usec) : std::nullopt;
  if (!value || *value <= 0 || *value > nanoseconds::max() / 1us) return std::nullopt;
  return std::chrono::microseconds{*value};
}

}  // namespace

Notify::Notify(const std::optional<std::string>& socket,
               const std::optional<std::string>& watchdog_usec,
               const std::optional<std::string>& watchdog_pid)
    : watchdog_(interval(watchdog_usec, watchdog_pid)) {
  const bool usable = socket && socket->size() > 1 && socket->size() < sizeof address_.sun_path &&
                      (socket->front() == '/' || socket->front() == '@');
  if (!usable) return;
  address_.sun_family = AF_UNIX;
  std::copy(socket->begin(), socket->end(), std::begin(address_.sun_path));
  // An abstract name starts with NUL and is as long as the address says (unix(7)).
  if (socket->front() == '@') address_.sun_path[0] = '\0';
  address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket->size());
  socket_ = UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
}

void Notify::status(std::string_view line) const {
  auto message = "STATUS=" + std::string{line};
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  send(message);
}

void Notify::reloading(MonotonicTime now) const {
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", usec.count()));
}

void Notify::send(const std::string& message) const {
  if (!socket_) return;
  const auto* address = reinterpret_cast<const sockaddr*>(&address_);
  (void)::sendto(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 address, address_size_);
}

}  // namespace ntsbox::driver
