#pragma once
// What stands at a path of a machine, and the names that ntsbox uses beside it.

#include <optional>
#include <string>
#include <utility>

namespace ntsbox::provision {

/// Symbolic links are not followed: a link is an entry of its own.
struct Entry {
  enum class Kind { file, folder, link, other };
  Kind kind = Kind::file;
  unsigned mode = 0;                           // permission bits
  std::string owner = "root", group = "root";  // the root's accounts; the number of a nameless one
  std::string content{};                       // a file's bytes, a link's target
  /// The file system keeps no modes and owners (FAT): those above are not this file's own.
  bool modeless = false;

  // Owner and group are root.
  [[nodiscard]] static Entry file(std::string content, unsigned mode = 0644) {
    return {.kind = Kind::file, .mode = mode, .content = std::move(content)};
  }

  [[nodiscard]] static Entry folder(unsigned mode = 0755) {
    return {.kind = Kind::folder, .mode = mode};
  }

  [[nodiscard]] static Entry link(std::string target) {
    return {.kind = Kind::link, .mode = 0777, .content = std::move(target)};
  }

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Whether `a` is as good as `b`: a link has no mode, a modeless file neither mode nor owner. Of an
/// Entry, or of its Trace (transaction.h).
template <class T>
[[nodiscard]] bool same(const T& a, const T& b) {
  if (a.kind != b.kind || a.content != b.content) return false;
  if (a.modeless || b.modeless) return true;
  if (a.owner != b.owner || a.group != b.group) return false;
  return a.kind == Entry::Kind::link || a.mode == b.mode;
}

template <class T>
[[nodiscard]] bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b ? same(*a, *b) : a.has_value() == b.has_value();
}

/// The whole file before it is renamed to `path`. Always the same name, so that one left over by a
/// power cut is found and replaced.
[[nodiscard]] inline std::string temporary_name(const std::string& path) {
  return path + ".ntsbox-tmp";
}

/// What a validation reads before anything is placed. In the same folder: AppArmor lets chronyd
/// read nowhere else.
[[nodiscard]] inline std::string staged_name(const std::string& path) {
  return path + ".ntsbox-staged";
}

/// What ntsbox would write, beside a file that somebody edited since ntsbox wrote it.
[[nodiscard]] inline std::string new_name(const std::string& path) {
  return path + ".ntsbox-new";
}

/// What was there before ntsbox, beside a file that somebody edited since ntsbox wrote it.
[[nodiscard]] inline std::string original_name(const std::string& path) {
  return path + ".ntsbox-original";
}

}  // namespace ntsbox::provision
