#include "provision/core/words.h"

#include <algorithm>
#include <charconv>

#include "provision/core/facts.h"

namespace ntsbox::provision {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::vector<std::string>> directives(std::string_view text) {
  std::vector<std::vector<std::string>> found;
  for (const auto line : lines_of(text)) {
    auto words = words_of(line);
    if (words.empty() ||
        std::string_view{"!;#%"}.find(words.front().front()) != std::string_view::npos)
      continue;
    std::transform(words.front().begin(), words.front().end(), words.front().begin(), lower);
    found.push_back(std::move(words));
  }
  return found;
}

std::optional<std::int64_t> hexadecimal(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 16);
  return error == std::errc{} && stop == end ? std::optional{value} : std::nullopt;
}

std::optional<Version> chronyd_version(std::string_view output) {
  const auto words = words_of(output);
  const auto word = std::find(words.begin(), words.end(), "version");
  if (word == words.end() || word + 1 == words.end()) return std::nullopt;
  return parse_version(word[1]);
}

}  // namespace ntsbox::provision
