#pragma once
// Requests to stop: signals that set a flag, which a program reads between its steps.

#include <poll.h>

#include <initializer_list>
#include <vector>

#include "base/time.h"

namespace ntsbox {

/// From now on these signals interrupt what waits, and are remembered. A lost reader of standard
/// output (SIGPIPE) no longer ends the program.
void catch_stop_signals(std::initializer_list<int> signals);
[[nodiscard]] bool stop_requested();

/// Waits until something of `polled` is ready, `timeout` has passed or a stop is requested, and 250
/// ms at most. Returns whether no stop is requested.
bool wait_for(std::vector<pollfd>& polled, nanoseconds timeout);

}  // namespace ntsbox
