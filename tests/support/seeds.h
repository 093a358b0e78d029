#pragma once
// How much of a random test runs.

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace ntsbox {

/// Of `all` seeds (or days, or points) of a test that takes long: a tenth, one at least.
/// NTSBOX_SEEDS=all asks for all of them (`make check-seeds`), and a number for so many times all.
inline int seeds(int all) {
  const char* asked = std::getenv("NTSBOX_SEEDS");
  if (!asked) return std::max(1, all / 10);
  return std::string_view{asked} == "all" ? all : all * std::max(1, std::atoi(asked));
}

/// The numbers of the cases of a table of `all` that run: likewise a tenth of them, evenly spread.
inline std::vector<int> spread(int all) {
  std::vector<int> chosen(static_cast<std::size_t>(std::min(all, seeds(all))));
  for (std::size_t n = 0; n < chosen.size(); ++n)
    chosen[n] = static_cast<int>(n * static_cast<std::size_t>(all) / chosen.size());
  return chosen;
}

}  // namespace ntsbox
