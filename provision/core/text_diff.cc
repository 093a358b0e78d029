#include "provision/core/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <dtl/dtl.hpp>
#include <sstream>
#include <utility>
#include <vector>

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

/// The lines of `text`; a last one without its newline says so as diff(1) does.
std::vector<std::string> diff_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      lines.back() += "\n\\ No newline at end of file";
      break;
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool is_text(const std::optional<std::string_view>& side) {
  return !side || (side->size() <= most_bytes && side->find('\0') == std::string_view::npos);
}

std::string told(const std::optional<std::string_view>& side) {
  return side ? fmt::format("{} bytes", side->size()) : "nothing";
}

/// dtl counts the lines of nothing from 1, diff(1) and patch(1) from 0.
std::string from_zero(std::string hunks) {
  for (const auto& [wrong, right] : {std::pair{"@@ -1,0 ", "@@ -0,0 "}, {" +1,0 @@", " +0,0 @@"}})
    if (const auto at = hunks.find(wrong); at < hunks.find('\n'))
      hunks.replace(at, std::string_view{wrong}.size(), right);
  return hunks;
}

std::string spelt_out(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string text_diff(const std::string& path, const std::optional<std::string_view>& before,
                      const std::optional<std::string_view>& after) {
  if (before == after) return {};
  if (!is_text(before) || !is_text(after))
    return fmt::format("Binary file {}: {} -> {}\n", path, told(before), told(after));
  dtl::Diff<std::string> diff{diff_lines(before.value_or("")), diff_lines(after.value_or(""))};
  diff.onHuge();
  diff.compose();
  diff.composeUnifiedHunks();
  std::ostringstream hunks;
  diff.printUnifiedFormat(hunks);
  return fmt::format("--- {}\n+++ {}\n{}", before ? path : "/dev/null", after ? path : "/dev/null",
                     spelt_out(from_zero(hunks.str())));
}

}  // namespace ntsbox::provision
