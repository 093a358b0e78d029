#include "provision/core/entry.h"

#include <utility>

namespace ntsbox::provision {

Entry Entry::file(std::string content, unsigned mode) {
  return {.kind = Kind::file, .mode = mode, .content = std::move(content)};
}

Entry Entry::folder(unsigned mode) {
  return {.kind = Kind::folder, .mode = mode};
}

Entry Entry::link(std::string target) {
  return {.kind = Kind::link, .mode = 0777, .content = std::move(target)};
}

bool same(const Entry& a, const Entry& b) {
  if (a.kind != b.kind || a.content != b.content) return false;
  if (a.modeless || b.modeless) return true;
  if (a.owner != b.owner || a.group != b.group) return false;
  return a.kind == Entry::Kind::link || a.mode == b.mode;
}

bool same(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  return a && b ? same(*a, *b) : a.has_value() == b.has_value();
}

std::string temporary_name(const std::string& path) {
  return path + ".ntsbox-tmp";
}

std::string staged_name(const std::string& path) {
  return path + ".ntsbox-staged";
}

std::string new_name(const std::string& path) {
  return path + ".ntsbox-new";
}

std::string original_name(const std::string& path) {
  return path + ".ntsbox-original";
}

}  // namespace ntsbox::provision
