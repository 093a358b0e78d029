#include "status/io/gpsd_restart.h"

#include <chrono>
#include <thread>

#include "base/text.h"
#include "contract/status_file.h"
#include "diagnose/view.h"
#include "posix/clock.h"
#include "posix/file.h"

namespace ntsbox::status {
namespace {

constexpr seconds between_restarts = std::chrono::hours{1};
constexpr std::size_t longest_stamp = 64;
constexpr std::size_t longest_status = std::size_t{1} << 20;

/// The system clock may be stepped while no time comes from the receiver.
seconds now() {
  return std::chrono::floor<seconds>(monotonic_time().time_since_epoch());
}

bool was_restarted_lately(const std::string& stamp) {
  const auto text = read_file(stamp, longest_stamp);
  const auto last = text ? number_in(*text, 0, now().count()) : std::nullopt;
  return last && now() - seconds{*last} < between_restarts;
}

bool is_stuck(const std::string& status_file) {
  const auto text = read_foreign_file(status_file, longest_status);
  const auto status = text ? parse_status(*text) : std::nullopt;
  return status && status->reason == Reason::stuck_time &&
         diagnose::is_fresh(*status, system_second());
}

bool stays_stuck(const std::string& status_file, seconds span) {
  const auto end = monotonic_time() + span;
  while (is_stuck(status_file)) {
    if (monotonic_time() >= end) return true;
    std::this_thread::sleep_for(1s);
  }
  return false;
}

}  // namespace

Result<bool> gpsd_restart_is_due(const std::string& status_file, const std::string& stamp,
                                 seconds span) {
  if (was_restarted_lately(stamp) || !stays_stuck(status_file, span)) return false;
  // Before the restart: one that cannot be remembered might be repeated each minute.
  TRY(replace_file(stamp, std::to_string(now().count())));
  return true;
}

}  // namespace ntsbox::status
