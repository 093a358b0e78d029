#pragma once
// The decision that ntsbox-gpsd-restart.service acts on.

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox::status {

/// Whether gpsd is to be restarted: ntsboxd reports in `status_file`, for as long as `span`, that
/// gpsd waits for a date which the receiver had for a time. True at most once an hour: the time of
/// the last one is in the file `stamp`, which must be on a file system that each boot begins anew,
/// for it is of the monotonic clock. Fails when it cannot be kept there.
[[nodiscard]] Result<bool> gpsd_restart_is_due(const std::string& status_file,
                                               const std::string& stamp, seconds span);

}  // namespace ntsbox::status
