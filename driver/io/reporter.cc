#include "driver/io/reporter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "contract/constants.h"
#include "posix/file.h"
#include "posix/log.h"

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

// A reason that passes sooner is not worth a line.
constexpr nanoseconds lasting = 5s;

Priority priority_of(const Health& health) {
  return health.state == State::hold || health.state == State::fault ? Priority::warning
                                                                     : Priority::notice;
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

void Reporter::changed(const Health& health, const Reading& at) {
  const auto words = headline(health);
  log(priority_of(health), words);
  logged_ = headline_key(health);
  send_status(words);
  write_status(health, at);
}

void Reporter::tick(const Health& health, const Reading& at) {
  const auto words = headline(health);
  send_status(words);
  const auto now = headline_key(health);
  if (now == logged_ || now != candidate_) {
    candidate_ = now;
    candidate_since_ = at.monotonic;
  } else if (difference(at.monotonic, *candidate_since_) >= lasting) {
    logged_ = now;
    log(priority_of(health), words);
  }
  if (!status_written_ ||
      difference(at.monotonic, *status_written_) >= contract::status_period - 1s)
    write_status(health, at);
  const auto interval = notify_.watchdog_interval();
  if (!interval) return;
  if (watchdog_fed_ && difference(at.monotonic, *watchdog_fed_) < *interval / 3) return;
  watchdog_fed_ = at.monotonic;
  notify_.watchdog();
}

void Reporter::send_status(const std::string& headline) {
  if (headline == sent_status_) return;
  sent_status_ = headline;
  notify_.status(headline);
}

void Reporter::write_status(const Health& health, const Reading& at) {
  status_written_ = at.monotonic;
  if (status_file_.empty()) return;
  const auto written = replace_file(status_file_, to_json(status_of(health, at.system)));
  if (!written && !status_failed_)
    log(Priority::warning, "status file: " + written.error().message);
  status_failed_ = !written;
}

void Reporter::ready() {
  notify_.ready();
}

void Reporter::reloading(MonotonicTime now) {
  notify_.reloading(now);
}

void Reporter::stopping() {
  notify_.stopping();
}

}  // namespace ntsbox::driver
