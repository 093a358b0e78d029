#include "base/nearest.h"

#include <algorithm>

namespace ntsbox {

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& known) {
  const auto found = std::min_element(
      known.begin(), known.end(),
      [&](std::string_view a, std::string_view b) { return edits(word, a) < edits(word, b); });
  return found == known.end() ? std::string{} : std::string{*found};
}

}  // namespace ntsbox
