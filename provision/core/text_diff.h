#pragma once
// The unified diff of two texts, for people and for patch(1).

#include <optional>
#include <string>
#include <string_view>

namespace ntsbox::provision {

/// Empty when they are equal. An absent side is /dev/null. What is not text (it holds a NUL, or is
/// beyond 1 MiB) is told in one line, with its sizes; control characters are spelt out, so that no
/// file can drive a terminal.
[[nodiscard]] std::string text_diff(const std::string& path,
                                    const std::optional<std::string_view>& before,
                                    const std::optional<std::string_view>& after);

}  // namespace ntsbox::provision
