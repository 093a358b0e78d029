#include "driver/core/calendar.h"

#include <algorithm>
#include <sstream>
#include <string>

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

seconds LeapTable::change_between(UtcSecond after, UtcSecond end) const {
  seconds change{};
  for (const auto& leap : leaps)
    if (leap.midnight > after && leap.midnight <= end) change += leap.change;
  return change;
}

bool LeapTable::may_change_between(UtcSecond after, UtcSecond end) const {
  if (!month_begins_between(after, end)) return false;
  return !covers(end) || change_between(after, end) != 0s;
}

LeapTable parse_leap_table(std::string_view text) {
  // A line is "SECONDS TAI-UTC # date", with the seconds since 1900.
  constexpr seconds ntp_epoch{2'208'988'800};
  LeapTable table{end_of_leap_table(text), {}};
  std::optional<int> last;
  for (std::size_t at = 0; table.until && at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    std::istringstream line{std::string{text.substr(at, end - at)}};
    at = end + 1;
    std::int64_t midnight = 0;
    int offset = 0;
    if (!(line >> midnight >> offset)) continue;
    if (last)
      table.leaps.push_back({UtcSecond{seconds{midnight} - ntp_epoch}, seconds{*last - offset}});
    last = offset;
  }
  return table;
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
