#pragma once
// What a run would do, did, or left to the next boot, for people and as JSON, and how a verb ends.
// Of a secret, only its size is shown.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/checks.h"
#include "provision/core/plan.h"

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

  Failure(const Error& error) : message(error.message) {}
};

template <class T>
using Attempt = tl::expected<T, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> stop(ExitCode code, std::string message) {
  return tl::unexpected<Failure>(Failure{code, std::move(message)});
}

/// What an error is about stands before it: "FILE: …".
[[nodiscard]] inline auto about(const std::string& what) {
  return [what](const Error& error) { return Error{what + ": " + error.message}; };
}

/// The same, with the code for an error that has none.
[[nodiscard]] inline auto stop_with(ExitCode code) {
  return [code](Error error) { return Failure{code, std::move(error.message)}; };
}

/// Empty when they are equal. An absent side is /dev/null. What is not text (it holds a NUL, or is
/// beyond 1 MiB) is one line, with its sizes; control characters are escaped, so that no
/// file can drive a terminal.
[[nodiscard]] std::string text_diff(const std::string& path,
                                    const std::optional<std::string_view>& before,
                                    const std::optional<std::string_view>& after);

/// One line: "change /etc/chrony/chrony.conf 0644 root:root: why".
[[nodiscard]] std::string headline(const Change& change);
/// The unified diff of a file's content; a link's target and what is secret in one line of its own.
/// Empty when only mode or owner change.
[[nodiscard]] std::string content_diff(const Change& change);

[[nodiscard]] std::string in_text(const Plan& plan, const Comparison& comparison);
[[nodiscard]] std::string in_json(const Plan& plan, const Comparison& comparison);

struct Resumed {
  UtcSecond at{};  // by the machine's clock
  ExitCode code = done;
  std::string words;  // why it could not go on; lines, or ""
  Findings findings;  // of verify, when it came that far
};

/// What follows from what was placed and found. A reboot that is still needed comes first, then
/// what verify found, then files that somebody edited.
[[nodiscard]] ExitCode resumed_code(ExitCode run, const Findings& findings);

/// Nothing is left to do: also when somebody's edited files were left as they are.
[[nodiscard]] bool is_finished(ExitCode code);

[[nodiscard]] std::string in_text(const Resumed& resumed);
/// `{"at":"…","exit":0,"finished":true,"words":"","verify":{…}}` and a newline; verify is null when
/// it did not come that far.
[[nodiscard]] std::string in_json(const Resumed& resumed);

}  // namespace ntsbox::provision
