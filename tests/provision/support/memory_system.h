#pragma once
// A machine in memory. It keeps the rules of System, counts what is written, and fails whichever
// operation a test names.

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provision/io/system.h"

namespace ntsbox::provision::testing {

class MemorySystem final : public System {
 public:
  std::map<std::string, Entry> entries;  // by path; the root folder is understood
  std::vector<std::string> writes;       // paths put or removed, in order, where something changed
  std::vector<std::vector<std::string>> commands;
  std::function<Ran(const std::vector<std::string>&)> program = [](const auto&) { return Ran{}; };

  int operations = 0;      // so far
  int fail_from = 0;       // the operation, from 1, that fails; 0: none
  int fail_count = 1;      // how many in a row
  int fail_with = EIO;     // errno
  bool after_all = false;  // it is done all the same, as when the last fsync fails

  void folder(const std::string& path, unsigned mode = 0755) {
    entries[path] = Entry::folder(mode);
  }

  void file(const std::string& path, const std::string& content, unsigned mode = 0644) {
    entries[path] = Entry::file(content, mode);
  }

  Result<std::optional<Entry>> look(const std::string& path) override {
    if (fails()) return failure(path);
    return at(path);
  }

  Result<std::optional<std::string>> read(const std::string& path) override {
    if (fails()) return failure(path);
    auto entry = at(path);
    for (int hops = 0; entry && entry->kind == Entry::Kind::link && hops < 8; ++hops)
      entry = at(entry->content);
    if (!entry) return std::nullopt;
    if (entry->kind != Entry::Kind::file) return fail(EISDIR, path);
    return entry->content;
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    if (fails()) return failure(path);
    return children(path);
  }

  Result<void> put(const std::string& path, const Entry& entry) override {
    const bool failing = fails();
    if (failing && !after_all) return failure(path);
    const auto parent = at(path.substr(0, path.rfind('/')));
    if (path.rfind('/') != 0 && (!parent || parent->kind != Entry::Kind::folder))
      return fail(ENOENT, path);
    const auto now = at(path);
    if (now && now->kind != entry.kind &&
        (now->kind == Entry::Kind::folder || entry.kind == Entry::Kind::folder))
      return fail(EEXIST, path);
    if (!now || !same(*now, entry)) {
      writes.push_back(path);
      entries[path] = entry;
      if (now && now->modeless) entries[path].modeless = true;
    }
    if (failing) return failure(path);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    const bool failing = fails();
    if (failing && !after_all) return failure(path);
    if (!children(path).empty()) return fail(ENOTEMPTY, path);
    if (entries.erase(path) > 0) writes.push_back(path);
    if (failing) return failure(path);
    return {};
  }

  Result<Ran> run(const std::vector<std::string>& command, std::string_view) override {
    if (fails()) return failure(command.front());
    commands.push_back(command);
    return program(command);
  }

 private:
  bool fails() {
    ++operations;
    return fail_from > 0 && operations >= fail_from && operations < fail_from + fail_count;
  }

  tl::unexpected<Error> failure(const std::string& what) const { return fail(fail_with, what); }

  std::optional<Entry> at(const std::string& path) const {
    const auto found = entries.find(path);
    return found == entries.end() ? std::nullopt : std::optional{found->second};
  }

  std::vector<std::string> children(const std::string& path) const {
    std::vector<std::string> names;
    const auto prefix = path + "/";
    for (auto it = entries.lower_bound(prefix);
         it != entries.end() && it->first.compare(0, prefix.size(), prefix) == 0; ++it)
      if (it->first.find('/', prefix.size()) == std::string::npos)
        names.push_back(it->first.substr(prefix.size()));
    return names;
  }
};

}  // namespace ntsbox::provision::testing
