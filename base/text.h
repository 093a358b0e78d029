#pragma once
// Lines that other programs wrote, and words that people mistyped.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ntsbox {

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);

/// The words of a line, apart by blanks and tabs.
[[nodiscard]] std::vector<std::string> words_of(std::string_view line);

/// The fields of a line of comma-separated values as `chronyc -c` prints them; none is ever quoted.
[[nodiscard]] std::vector<std::string> fields_of(std::string_view line);

/// A whole decimal number within the bounds; empty for any other text.
[[nodiscard]] std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least,
                                                    std::int64_t most);

/// `text` in one line of plain letters: whatever could disturb a terminal or a log is a '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// The same in quotes, cut at 80 bytes.
[[nodiscard]] std::string shown(std::string_view text);

/// How many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein).
[[nodiscard]] std::size_t edits(std::string_view a, std::string_view b);

/// The one of `known` that is fewest edits away, the first of several; "" when `known` is empty.
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string_view>& known);

}  // namespace ntsbox
