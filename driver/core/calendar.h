#pragma once
// Questions to the calendar of UTC.

#include <optional>

#include "base/time.h"

namespace ntsbox::driver {

/// Whether a month begins in (after, until]: at its midnight a leap second may have come or gone
/// (ITU-R TF.460-6, annex 1, 2.1).
[[nodiscard]] bool month_begins_between(UtcSecond after, UtcSecond until);

/// A leap second is shown by the sentences after midnight: not by the first, as gpsd reports
/// 23:59:60 as 00:00:00, and by some receivers only after a few more.
inline constexpr seconds leap_is_told_within{10};

/// Whether UTC may be `told` seconds behind GPS time at `when`. Known for this release's date; one
/// leap second may come or go at the end of each June and December after it.
[[nodiscard]] bool leap_seconds_may_be(int told, UtcSecond when);

/// How many rollovers of 1024 weeks would bring `told` between floor and ceiling; empty when none
/// would (or none is needed).
[[nodiscard]] std::optional<int> rollovers_to_fit(UtcSecond told, UtcSecond floor,
                                                  UtcSecond ceiling);

/// The latest believable date: less than 1024 weeks after the floor, so that a receiver that counts
/// weeks one rollover too far never fits.
[[nodiscard]] UtcSecond ceiling_of(UtcSecond floor);

}  // namespace ntsbox::driver
