#pragma once
// The command line.

#include <string>
#include <variant>

#include "posix/command_line.h"
#include "provision/verbs/verb.h"

namespace ntsbox::provision {

struct Invocation {
  Verb verb = nullptr;
  bool needs_root = false;  // it writes
  bool no_color = false;
  Options options;
};

/// What is asked for or, when nothing is to be done (--help, or a mistake that has been printed),
/// the exit status.
[[nodiscard]] std::variant<Invocation, ExitCode> parse_command_line(const ProgramFrame& frame,
                                                                    int argc, char** argv);

}  // namespace ntsbox::provision
