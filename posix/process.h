#pragma once
// This process: its lines on standard error, its memory, and the signals by which it is asked to
// stop.

#include <poll.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ntsbox {

enum class Priority : char {
  error = '3',    // the program cannot go on
  warning = '4',  // time is not being served, and somebody should know
  notice = '5',   // something changed
  info = '6',
};

/// Whether standard error is journald's: then each line carries its priority (sd-daemon(3)). Called
/// once, before any log().
void log_to_journal(bool journal);

/// Writes one line. Never fails, and blocks no longer than write(2) does.
void log(Priority priority, std::string_view line);

/// From now on what this process holds, such as a key, goes into no core dump, and other processes
/// of its user can neither trace it nor read its memory (PR_SET_DUMPABLE, prctl(2)). A program that
/// it runs starts without this.
void protect_memory();

/// From now on these signals interrupt what waits, and are remembered. A lost reader of standard
/// output (SIGPIPE) no longer ends the program.
void catch_stop_signals(std::initializer_list<int> signals);
[[nodiscard]] bool stop_requested();

/// Waits until something of `polled` is ready, `timeout` has passed or a stop is requested, and 250
/// ms at most. Returns whether no stop is requested.
bool wait_for(std::vector<pollfd>& polled, nanoseconds timeout);

}  // namespace ntsbox
