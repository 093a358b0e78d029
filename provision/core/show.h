#pragma once
// What a run would do, did, or left to the next boot, for people and as JSON. Of a secret, only its
// size is shown.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "provision/core/change.h"
#include "provision/core/finding.h"
#include "provision/core/outcome.h"

namespace ntsbox::provision {

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

struct Preview {
  const Plan& plan;
  const Comparison& comparison;
};

[[nodiscard]] std::string in_text(const Preview& preview);
[[nodiscard]] std::string in_json(const Preview& preview);

/// "restart chrony.service".
[[nodiscard]] std::string in_words(const UnitAction& action);

/// `["a","b"]`.
[[nodiscard]] std::string json_array(const std::vector<std::string>& texts);

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
