#include "driver/io/reporter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/text.h"
#include "contract/constants.h"
#include "posix/process.h"

namespace ntsbox::driver {
namespace {

std::optional<nanoseconds> interval(const std::optional<std::string>& usec,
                                    const std::optional<std::string>& pid) {
  constexpr auto longest = nanoseconds::max() / 1us;
  if (pid && number_in(*pid, 0, longest) != getpid()) return std::nullopt;
  const auto value = usec ? number_in(*usec, 1, longest) : std::nullopt;
  if (!value) return std::nullopt;
  return std::chrono::microseconds{*value};
}

// A reason that passes sooner is not worth a line.
constexpr nanoseconds lasting = 5s;

// The processor's on a Pi, and the first that the kernel has elsewhere.
constexpr char thermal_zone[] = "/sys/class/thermal/thermal_zone0/temp";
constexpr std::size_t longest_temperature = 64;

Surroundings surroundings(const Health& health) {
  Surroundings around{health.state, health.fix_mode, health.satellites_used,
                      health.counters->missed};
  if (const auto text = read_file(thermal_zone, longest_temperature))
    around.temperature = temperature_in(*text);
  return around;
}

bool deserves_warning(const Health& health) {
  return health.state == State::hold || health.state == State::fault;
}

void log_if_any(const std::optional<LogLine>& line) {
  if (line) log(line->warning ? Priority::warning : Priority::notice, line->words);
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

void Reporter::begin(const std::string& status_file, const std::string& state_folder,
                     int history_days) {
  status_file_ = status_file;
  history_ = {};
  history_file_.emplace(state_folder.empty() ? "" : state_folder + "/history", history_days);
  history_failed_ = false;
}

void Reporter::note(Subject subject, LogLine line, MonotonicTime now) {
  log_if_any(limits_.at(static_cast<std::size_t>(subject)).change(std::move(line), now));
}

void Reporter::release_log(MonotonicTime now) {
  for (auto& limit : limits_) log_if_any(limit.release(now));
}

void Reporter::changed(const Health& health, const Reading& at) {
  const auto words = headline(health);
  note(Subject::state, {words, deserves_warning(health)}, at.monotonic);
  logged_ = headline_key(health);
  send_status(words);
  write_status(health, at);
}

void Reporter::tick(const Health& health, const Reading& at) {
  if (history_.due(at.monotonic)) write_history(health, at);
  const auto words = headline(health);
  send_status(words);
  const auto now = headline_key(health);
  if (now == logged_ || now != candidate_) {
    candidate_ = now;
    candidate_since_ = at.monotonic;
  } else if (difference(at.monotonic, *candidate_since_) >= lasting) {
    logged_ = now;
    note(Subject::state, {words, deserves_warning(health)}, at.monotonic);
  }
  for (auto& limit : limits_) log_if_any(limit.due(at.monotonic));
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
    note(Subject::status_file, {"status file: " + written.error().message, true}, at.monotonic);
  status_failed_ = !written;
}

void Reporter::finish(const Health& health, const Reading& at) {
  write_history(health, at);
  log_history(history_file_->flush(), at.monotonic);
  release_log(at.monotonic);
}

void Reporter::write_history(const Health& health, const Reading& at) {
  const UtcSecond now{std::chrono::floor<seconds>(at.system.time_since_epoch())};
  log_history(history_file_->add(now, history_.close(at, surroundings(health))), at.monotonic);
}

/// Once, until it succeeds again.
void Reporter::log_history(const Result<bool>& written, MonotonicTime now) {
  if (!written && !history_failed_)
    note(Subject::history, {"history: " + written.error().message, true}, now);
  history_failed_ = !written || (history_failed_ && !*written);
}

}  // namespace ntsbox::driver
