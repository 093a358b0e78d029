#pragma once
// What stands at a path of a machine, and the names that ntsbox uses beside it.

#include <optional>
#include <string>

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
  [[nodiscard]] static Entry file(std::string content, unsigned mode = 0644);
  [[nodiscard]] static Entry folder(unsigned mode = 0755);
  [[nodiscard]] static Entry link(std::string target);

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Whether `a` is as good as `b`: a link has no mode, a modeless file neither mode nor owner.
[[nodiscard]] bool same(const Entry& a, const Entry& b);
[[nodiscard]] bool same(const std::optional<Entry>& a, const std::optional<Entry>& b);

/// The whole file before it is renamed to `path`. Always the same name, so that one left over by a
/// power cut is found and replaced.
[[nodiscard]] std::string temporary_name(const std::string& path);
/// What a validation reads before anything is placed. In the same folder: AppArmor lets chronyd
/// read nowhere else.
[[nodiscard]] std::string staged_name(const std::string& path);
/// Ours, beside a file that somebody edited since we wrote it.
[[nodiscard]] std::string new_name(const std::string& path);
/// What was there before us, beside a file that somebody edited since we wrote it.
[[nodiscard]] std::string original_name(const std::string& path);

}  // namespace ntsbox::provision
