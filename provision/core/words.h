#pragma once
// Taking apart what other programs wrote: chrony's configuration, and what its tools print.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/core/facts.h"

namespace ntsbox::provision {

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// The words of a line, apart by blanks and tabs.
[[nodiscard]] std::vector<std::string> words_of(std::string_view line);

/// The fields of a line of comma-separated values as `chronyc -c` prints them; none is ever quoted.
[[nodiscard]] std::vector<std::string> fields_of(std::string_view line);

/// The directives of a chrony configuration, in words, the first in lower case; comments and empty
/// lines are left out (chrony.conf(5): a line is a comment when it begins with one of !;#%).
[[nodiscard]] std::vector<std::vector<std::string>> directives(std::string_view text);

/// A whole decimal number within the bounds; empty for any other text.
[[nodiscard]] std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least,
                                                    std::int64_t most);
/// Upper-case hexadecimal digits, as /proc/net writes a port.
[[nodiscard]] std::optional<std::int64_t> hexadecimal(std::string_view text);

/// The version in what `chronyd --version` prints: "chronyd (chrony) version 4.3 (+CMDMON ...)".
[[nodiscard]] std::optional<Version> chronyd_version(std::string_view output);

}  // namespace ntsbox::provision
