#include "driver/core/log_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ntsbox::driver {

std::optional<LogLine> LogLimit::change(LogLine line, MonotonicTime now) {
  if (held_ == 0 && allows(now)) {
    count_line(now);
    return line;
  }
  latest_ = std::move(line);
  latest_at_ = now;
  ++held_;
  return due(now);
}

std::optional<LogLine> LogLimit::due(MonotonicTime now) {
  if (held_ == 0 || !allows(now)) return std::nullopt;
  count_line(now);
  return take_held(now);
}

std::optional<LogLine> LogLimit::release(MonotonicTime now) {
  quiet_from_.reset();
  return take_held(now);
}

bool LogLimit::allows(MonotonicTime now) const {
  return !quiet_from_ || difference(*quiet_from_, now) <= (burst - 1) * interval;
}

void LogLimit::count_line(MonotonicTime now) {
  quiet_from_ = std::max(quiet_from_.value_or(now), now) + interval;
}

std::optional<LogLine> LogLimit::take_held(MonotonicTime now) {
  auto line = std::exchange(latest_, std::nullopt);
  if (line)
    line->words += fmt::format(" ({} changes since the line before, the latest {} s ago)", held_,
                               difference(now, latest_at_) / 1s);
  held_ = 0;
  return line;
}

}  // namespace ntsbox::driver
