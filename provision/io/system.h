#pragma once
// The machine, as far as provisioning touches it: the one interface, with the real body
// (posix_system.cc) and the tests' in-memory one. Every path is the machine's own; --root is the
// body's affair, and nothing ever leaves that root.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posix/program.h"
#include "provision/core/entry.h"

namespace ntsbox::provision {

class System {
 public:
  virtual ~System() = default;

  /// Empty when nothing is there. Fails on what cannot be read, with the path and the system's
  /// words.
  [[nodiscard]] virtual Result<std::optional<Entry>> look(const std::string& path) = 0;
  /// A file's content, following links inside the root; empty when there is none.
  [[nodiscard]] virtual Result<std::optional<std::string>> read(const std::string& path) = 0;
  /// Names in a folder, sorted; none when there is no such folder.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;

  /// Puts `entry` there, replacing a file or link atomically: a reader, and a power cut, see the
  /// old or the new, whole, never with wider permission than `entry` has. A folder is made, or its
  /// mode and owner set. Parents must exist.
  [[nodiscard]] virtual Result<void> put(const std::string& path, const Entry& entry) = 0;
  /// Takes a file, link or empty folder away; nothing there is fine.
  [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;

  /// Runs a program of the root (chroot(2) when it is not "/") with a plain environment, and waits.
  /// `input` is its standard input.
  [[nodiscard]] virtual Result<Ran> run(const std::vector<std::string>& command,
                                        std::string_view input = {}) = 0;

  /// Keeps other runs out of `folder`, which must be there, for as long as what it gives lives.
  /// Fails at once when another run is in it. A body without other runs gives nothing to hold.
  [[nodiscard]] virtual Result<std::shared_ptr<void>> lock(const std::string& folder) {
    (void)folder;
    return std::shared_ptr<void>{};
  }

  /// Whether something was refused for want of permission.
  [[nodiscard]] virtual bool denied() const { return false; }
};

/// The real machine, or the tree of another one at `root`. `boot`: the folder that stands in for
/// /boot/firmware; "" for the root's own.
[[nodiscard]] Result<std::unique_ptr<System>> open_system(const std::string& root,
                                                          const std::string& boot);

}  // namespace ntsbox::provision
