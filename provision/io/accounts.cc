#include "provision/io/accounts.h"

#include <charconv>

namespace ntsbox::provision {
namespace {

std::optional<unsigned> number(std::string_view digits) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Up to the next ':', which is taken too.
std::string_view take_field(std::string_view& line) {
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  line.remove_prefix(colon == std::string_view::npos ? line.size() : colon + 1);
  return field;
}

}  // namespace

Accounts::Accounts(std::string_view passwd, std::string_view group)
    : users_(read(passwd)), groups_(read(group)) {}

/// Both files have the name first and the number third (passwd(5), group(5)).
Accounts::Names Accounts::read(std::string_view text) {
  // Root is root, also where the files do not say so (a tree that is only being made).
  Names found{{{"root", 0}}, {{0, "root"}}};
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string name{take_field(line)};
    (void)take_field(line);
    const auto id = number(take_field(line));
    if (name.empty() || !id) continue;
    found.ids.emplace(name, *id);
    found.names.emplace(*id, name);
  }
  return found;
}

std::string Accounts::user(uid_t id) const {
  const auto found = users_.names.find(id);
  return found == users_.names.end() ? std::to_string(id) : found->second;
}

std::string Accounts::group(gid_t id) const {
  const auto found = groups_.names.find(id);
  return found == groups_.names.end() ? std::to_string(id) : found->second;
}

std::optional<uid_t> Accounts::user(const std::string& name) const {
  const auto found = users_.ids.find(name);
  return found == users_.ids.end() ? number(name) : std::optional{found->second};
}

std::optional<gid_t> Accounts::group(const std::string& name) const {
  const auto found = groups_.ids.find(name);
  return found == groups_.ids.end() ? number(name) : std::optional{found->second};
}

}  // namespace ntsbox::provision
