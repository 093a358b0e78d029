#pragma once
// How a verb of ntsbox-provision ends.

#include <string>
#include <utility>

#include "base/result.h"

namespace ntsbox::provision {

/// The exit status. Scripts depend on these numbers.
enum ExitCode : int {
  done = 0,             // or nothing to do
  failed = 1,           // and rolled back
  usage = 2,            // or settings that cannot be read
  changes_pending = 3,  // plan
  reboot_needed = 4,    // done, and some of it takes effect at the next boot
  verify_failed = 5,
  unsupported = 6,     // this machine cannot become a server
  edited_locally = 7,  // somebody edited a file of ntsbox: it stays, with the new one beside it
  needs_root = 77,
};

/// Why a verb cannot go on, for the user.
struct Failure {
  ExitCode code = failed;
  std::string message;

  Failure(ExitCode code_, std::string message_) : code(code_), message(std::move(message_)) {}

  Failure(Error error) : message(std::move(error.message)) {}
};

template <class T>
using Attempt = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> stop(ExitCode code, std::string message) {
  return tl::unexpected<Failure>(Failure{code, std::move(message)});
}

/// The same, with the code for an error that has none.
[[nodiscard]] inline auto stop_with(ExitCode code) {
  return [code](Error error) { return Failure{code, std::move(error.message)}; };
}

}  // namespace ntsbox::provision
