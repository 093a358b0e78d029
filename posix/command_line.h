#pragma once
// The frame of every main: its version, its errors, its exit statuses. CLI11 stands behind this
// header.

#include <CLI/CLI.hpp>
#include <exception>
#include <optional>
#include <string>

#include "base/release.h"
#include "posix/process.h"

namespace ntsbox {

struct ProgramFrame {
  std::string name;
  int failed = 1;  // exit status when the program cannot go on
  int usage = 2;   // exit status of a wrong command line

  /// Prints "NAME: MESSAGE" on standard error, and returns `status`.
  int error(int status, const std::string& message) const {
    log(Priority::error, name + ": " + message);
    return status;
  }

  int error(const std::string& message) const { return error(failed, message); }

  /// Gives `app` its last lines of help and its version.
  void prepare(CLI::App& app, const std::string& footer) const {
    app.footer(footer);
    app.set_version_flag("--version", name + " " + std::string{version()});
  }

  /// Reads the command line. Empty to go on; else the exit status, after --help, --version or a
  /// message about what is wrong.
  std::optional<int> parse(CLI::App& app, int argc, char** argv) const {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error) == 0 ? 0 : usage;
    }
    return std::nullopt;
  }

  /// Runs `body`, whose value is the exit status; an exception is an error.
  template <class Body>
  int run(Body body) const {
    try {
      return body();
    } catch (const std::exception& exception) {
      return error(exception.what());
    }
  }
};

}  // namespace ntsbox
