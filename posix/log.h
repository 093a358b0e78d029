#pragma once
// Lines on standard error. Under journald each carries its priority (sd-daemon(3)).

#include <string_view>

namespace ntsbox {

enum class Priority : char {
  error = '3',    // the program cannot go on
  warning = '4',  // time is not being served, and somebody should know
  notice = '5',   // something changed
  info = '6',
};

/// Whether standard error is journald's, so that lines carry priorities. Called once, before any
/// log().
void log_to_journal(bool journal);

/// Writes one line. Never fails, and blocks no longer than write(2) does.
void log(Priority priority, std::string_view line);

}  // namespace ntsbox
