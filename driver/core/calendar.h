#pragma once
// Questions to the calendar of UTC.

#include "base/time.h"

namespace ntsbox::driver {

/// Whether a month begins in (after, until]: at its midnight a leap second may have come or gone
/// (ITU-R TF.460-6, annex 1, 2.1).
[[nodiscard]] bool month_begins_between(UtcSecond after, UtcSecond until);

/// The date of this release: nothing true can be earlier.
[[nodiscard]] UtcSecond release_date();

/// The latest believable date: less than 1024 weeks after the floor, so that a receiver that counts
/// weeks one rollover too far never fits.
[[nodiscard]] UtcSecond ceiling_of(UtcSecond floor);

}  // namespace ntsbox::driver
