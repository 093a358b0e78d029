#include "driver/io/reporter.h"

#include "contract/constants.h"
#include "posix/file.h"
#include "posix/log.h"

namespace ntsbox::driver {
namespace {

// A reason that passes sooner is not worth a line.
constexpr nanoseconds lasting = 5s;

Priority priority_of(const Health& health) {
  return health.state == State::hold || health.state == State::fault ? Priority::warning
                                                                     : Priority::notice;
}

}  // namespace

void Reporter::changed(const Health& health, const Reading& at) {
  const auto words = headline(health);
  log(priority_of(health), words);
  logged_ = headline_key(health);
  tell(words);
  write_status(health, at);
}

void Reporter::tick(const Health& health, const Reading& at) {
  const auto words = headline(health);
  tell(words);
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

void Reporter::tell(const std::string& headline) {
  if (headline == told_) return;
  told_ = headline;
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
