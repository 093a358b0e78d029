#pragma once
// Taking apart what other programs wrote: chrony's configuration, and what its tools print.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "provision/core/facts.h"

namespace ntsbox::provision {

/// The directives of a chrony configuration, in words, the first in lower case; comments and empty
/// lines are left out (chrony.conf(5): a line is a comment when it begins with one of !;#%).
[[nodiscard]] std::vector<std::vector<std::string>> directives(std::string_view text);

/// Upper-case hexadecimal digits, as /proc/net writes a port.
[[nodiscard]] std::optional<std::int64_t> hexadecimal(std::string_view text);

/// The version in what `chronyd --version` prints: "chronyd (chrony) version 4.3 (+CMDMON ...)".
[[nodiscard]] std::optional<Version> chronyd_version(std::string_view output);

}  // namespace ntsbox::provision
