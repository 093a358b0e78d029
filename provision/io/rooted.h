#pragma once
// Paths below a folder that nothing leads out of: openat2(2) with RESOLVE_IN_ROOT. A symbolic link,
// absolute or with "..", is followed as the machine itself would, within that folder.

#include <string>

#include "base/result.h"
#include "posix/unique_fd.h"

namespace ntsbox::provision {

class Rooted {
 public:
  /// Fails when `folder` is none, or the kernel is older than Linux 5.6.
  [[nodiscard]] static Result<Rooted> at(const std::string& folder);

  /// open(2) of `path`, absolute, below the root; empty with errno set when it fails.
  [[nodiscard]] UniqueFd open(const std::string& path, int flags) const;

  /// The descriptor of the root itself.
  [[nodiscard]] int get() const { return folder_.get(); }

 private:
  UniqueFd folder_;
};

/// A path taken apart: "/etc/chrony/chrony.conf" is "/etc/chrony" and "chrony.conf".
struct Place {
  std::string folder, name;
};

/// Fails for a path that is not absolute, is the root, or has an empty, "." or ".." part.
[[nodiscard]] Result<Place> place_of(const std::string& path);

}  // namespace ntsbox::provision
