#pragma once
// Being asked to stop, and waiting until then.

#include <poll.h>

#include <vector>

#include "base/time.h"

namespace ntsbox::pps {

/// SIGINT and SIGTERM interrupt what waits, and are remembered.
void heed_signals();
[[nodiscard]] bool asked_to_stop();

/// Until something of `polled` is ready, or `patience` has passed, or it is asked to stop: then
/// false.
bool wait_for(std::vector<pollfd>& polled, nanoseconds patience);

}  // namespace ntsbox::pps
