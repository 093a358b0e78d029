#include "driver/core/calendar.h"

#include "base/release.h"

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

bool leap_seconds_plausible(int count, UtcSecond when) {
  constexpr int at_release = 18;  // since 2017-01-01 (IERS Bulletin C 52)
  if (when < release_date()) return true;
  const auto half_years = [](UtcSecond t) {
    const std::chrono::year_month_day date{
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{t.time_since_epoch()})};
    return static_cast<int>(date.year()) * 2 + (static_cast<unsigned>(date.month()) > 6 ? 1 : 0);
  };
  const auto may_have_come = half_years(when) - half_years(release_date());
  return count >= at_release - may_have_come && count <= at_release + may_have_come;
}

std::optional<int> rollovers_to_fit(UtcSecond date, UtcSecond earliest, UtcSecond latest) {
  constexpr seconds rollover = std::chrono::weeks{1024};
  constexpr int most = 8;
  for (int n = 1; n <= most; ++n)
    for (const int signed_n : {n, -n})
      if (date + signed_n * rollover >= earliest && date + signed_n * rollover <= latest)
        return signed_n;
  return std::nullopt;
}

UtcSecond latest_date_after(UtcSecond earliest) {
  return earliest + std::chrono::years{15};
}

}  // namespace ntsbox::driver
