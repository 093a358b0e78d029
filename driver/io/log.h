#pragma once
// Log lines on standard error. Under journald each carries its priority (sd-daemon(3)).

#include <string_view>

namespace ntsbox::driver {

enum class Priority : char {
  error = '3',    // the daemon cannot go on
  warning = '4',  // time is not being served, and somebody should know
  notice = '5',   // something changed
  info = '6',
};

/// Whether standard error is journald's, so that lines carry priorities. Called once, before any
/// log().
void log_to_journal(bool journal);

/// One line; never fails, never blocks the caller longer than write(2) does.
void log(Priority priority, std::string_view line);

}  // namespace ntsbox::driver
