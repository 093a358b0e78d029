#include "driver/core/calendar.h"

namespace ntsbox::driver {

bool month_begins_between(UtcSecond after, UtcSecond until) {
  using std::chrono::days;
  if (until <= after) return false;
  const auto day_of = [](UtcSecond t) {
    return std::chrono::floor<days>(std::chrono::sys_seconds{t.time_since_epoch()});
  };
  // The first midnight after `after`, and the last one not after `until`: equal months, no
  // beginning.
  const std::chrono::year_month_day first{day_of(after)};
  const std::chrono::year_month_day last{day_of(until)};
  return first.year() != last.year() || first.month() != last.month();
}

UtcSecond release_date() {
  const auto date = parse_iso_utc(NTSBOX_RELEASE_DATE);
  return date ? date->second : UtcSecond{};
}

UtcSecond ceiling_of(UtcSecond floor) {
  return floor + std::chrono::years{15};
}

}  // namespace ntsbox::driver
