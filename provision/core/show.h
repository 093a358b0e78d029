#pragma once
// What a run would do, or did, in words for people and in JSON for machines. Secrets are told by
// their size alone.

#include <string>
#include <vector>

#include "provision/core/change.h"

namespace ntsbox::provision {

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
