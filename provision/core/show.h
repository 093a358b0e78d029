#pragma once
// What a run would do, or did, for people and as JSON. Of a secret, only its size is shown.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/core/change.h"

namespace ntsbox::provision {

/// Empty when they are equal. An absent side is /dev/null. What is not text (it holds a NUL, or is
/// beyond 1 MiB) is told in one line, with its sizes; control characters are spelt out, so that no
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

}  // namespace ntsbox::provision
