#pragma once
// Another program, run and waited for.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox {

/// The exit status of a program that could not be run at all.
inline constexpr int cannot_run = 127;

/// How a program ended.
struct Ran {
  int status = 0;      // exit status; cannot_run; 128 + N when signal N ended it, SIGKILL after
                       // its timeout as well
  std::string output;  // in order
  bool whole = true;   // the output; false: it was longer than RunOptions::most, and is cut
};

struct RunOptions {
  std::string_view input;              // standard input
  int root = -1;                       // an open folder to become its root; < 0: this machine's
  std::optional<nanoseconds> timeout;  // then SIGKILL; empty: waits until the program ends
  bool with_errors = true;             // standard error belongs to the output, too
  std::size_t most = std::size_t{1} << 20;  // of the output, in bytes
};

/// Runs `command`, found in the usual folders of root's PATH, in "/" with umask 022 and nothing of
/// this process's environment, and waits until it ends. A daemon that the program leaves behind is
/// not waited for. Fails when no process could be made at all.
[[nodiscard]] Result<Ran> run_program(const std::vector<std::string>& command,
                                      const RunOptions& options = {});

}  // namespace ntsbox
