#pragma once
// The command line. CLI11 stands behind cli.cc alone.

#include <string>
#include <variant>

#include "provision/verbs/verb.h"

namespace ntsbox::provision {

struct Invocation {
  Verb verb = nullptr;
  bool needs_root = false;  // it writes
  bool no_color = false;
  Options options;
};

/// What is asked for or, when nothing is to be done (--help, or a mistake that has been told), the
/// exit status.
[[nodiscard]] std::variant<Invocation, ExitCode> parse_command_line(int argc, char** argv);

}  // namespace ntsbox::provision
