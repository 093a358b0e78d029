#pragma once
// The calendar of UTC: months, leap seconds, week rollovers, plausible dates.

#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ntsbox::driver {

/// Whether a month begins in (after, until]: at its midnight a leap second may have come or gone
/// (ITU-R TF.460-6, annex 1, 2.1).
[[nodiscard]] bool month_begins_between(UtcSecond after, UtcSecond until);

/// Which month ends have a leap second, as far as a table knows.
struct LeapTable {
  struct Leap {
    UtcSecond midnight;  // the leap second comes, or is left out, just before it
    seconds change;      // of a label against a count of seconds: -1 s for an inserted one

    friend bool operator==(const Leap&, const Leap&) = default;
  };

  std::optional<UtcSecond> until;  // the table is valid until then; empty: there is no table
  std::vector<Leap> leaps;

  /// Whether the table is valid at that date.
  [[nodiscard]] bool covers(UtcSecond date) const { return until && date <= *until; }

  /// The changes that the table has in (after, until].
  [[nodiscard]] seconds change_between(UtcSecond after, UtcSecond until) const;
  /// Whether there may be one in (after, until]: where the table is not valid, at any month's end.
  [[nodiscard]] bool may_change_between(UtcSecond after, UtcSecond until) const;

  friend bool operator==(const LeapTable&, const LeapTable&) = default;
};

/// Reads tzdata's leap-seconds.list (IERS). What is no such table gives an empty one.
[[nodiscard]] LeapTable parse_leap_table(std::string_view text);

/// The messages after midnight show a leap second: not the first one, since gpsd reports 23:59:60
/// as 00:00:00, and with some receivers only after a few more.
inline constexpr seconds leap_shown_within{10};

/// Whether UTC may be `count` seconds behind GPS time at `when`. The count is known for the date of
/// this release; at the end of each June and December after it, it may change by one.
[[nodiscard]] bool leap_seconds_plausible(int count, UtcSecond when);

/// How many rollovers of 1024 weeks would bring `date` between `earliest` and `latest`; empty when
/// no number of them would (or none is needed).
[[nodiscard]] std::optional<int> rollovers_to_fit(UtcSecond date, UtcSecond earliest,
                                                  UtcSecond latest);

/// The latest date to accept beside this earliest one: less than 1024 weeks after it, so that no
/// receiver whose week number is one rollover too high passes.
[[nodiscard]] UtcSecond latest_date_after(UtcSecond earliest);

}  // namespace ntsbox::driver
