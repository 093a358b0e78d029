#include "provision/core/words.h"

#include <algorithm>
#include <charconv>

#include "provision/core/inspection.h"

namespace ntsbox::provision {
namespace {

constexpr std::string_view blanks = " \t\r";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = 0; end != std::string_view::npos; text.remove_prefix(end + 1)) {
    end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  return parts;
}

template <class T>
std::optional<T> whole(std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::vector<std::string_view>{} : split(text, '\n');
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(blanks), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::vector<std::string> fields_of(std::string_view line) {
  const auto parts = split(line, ',');
  return {parts.begin(), parts.end()};
}

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

std::optional<std::int64_t> number_in(std::string_view text, std::int64_t least,
                                      std::int64_t most) {
  const auto value = whole<std::int64_t>(text);
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

std::optional<std::int64_t> hexadecimal(std::string_view text) {
  return whole<std::int64_t>(text, 16);
}

std::optional<Version> chronyd_version(std::string_view output) {
  const auto words = words_of(output);
  const auto word = std::find(words.begin(), words.end(), "version");
  if (word == words.end() || word + 1 == words.end()) return std::nullopt;
  return parse_version(word[1]);
}

}  // namespace ntsbox::provision
