#pragma once
// What came of the work that a run left to the next boot, in the owner's words and in a machine's.

#include <string>

#include "base/time.h"
#include "provision/core/finding.h"
#include "provision/core/outcome.h"

namespace ntsbox::provision {

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
