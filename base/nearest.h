#pragma once
// Which of the words that we know somebody may have meant.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ntsbox {

/// How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein).
[[nodiscard]] std::size_t edits(std::string_view a, std::string_view b);

/// The one of `known` that is fewest edits away, the first of several; "" when nothing is known.
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string_view>& known);

}  // namespace ntsbox
