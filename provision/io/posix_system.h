#pragma once
// The real machine, or the tree of another one below --root.

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posix/file.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// Paths below a folder that nothing leads out of: openat2(2) with RESOLVE_IN_ROOT. A symbolic
/// link, absolute or with "..", is followed as the machine itself would, within that folder.
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

/// The users, or the groups, of a root: an image's are not this machine's. Root is always one.
struct Accounts {
  std::map<std::string, id_t> ids{{"root", 0}};
  std::map<id_t, std::string> names{{0, "root"}};

  void add(const std::string& name, id_t id);
  /// The name, or the number in decimal when it has none.
  [[nodiscard]] std::string name_of(id_t id) const;
  /// The number of a name, or of a number in decimal; empty when there is no such account.
  [[nodiscard]] std::optional<id_t> id_of(const std::string& name) const;
};

class PosixSystem final : public System {
 public:
  /// `boot`: the folder that stands in for /boot/firmware; "" for the root's own.
  [[nodiscard]] static Result<std::unique_ptr<PosixSystem>> open(const std::string& root,
                                                                 const std::string& boot);

  [[nodiscard]] Result<std::optional<Entry>> look(const std::string& path) override;
  [[nodiscard]] Result<std::optional<std::string>> read(const std::string& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Result<void> put(const std::string& path, const Entry& entry) override;
  [[nodiscard]] Result<void> remove(const std::string& path) override;
  [[nodiscard]] Result<Ran> run(const std::vector<std::string>& command,
                                std::string_view input) override;
  [[nodiscard]] Result<std::shared_ptr<void>> lock(const std::string& folder) override;

  /// Whether something was refused for want of permission.
  [[nodiscard]] bool denied() const { return denied_; }

 private:
  struct Location;

  PosixSystem(Rooted root, std::optional<Rooted> boot, bool own);

  /// The root that `path` lies in, and the path there.
  [[nodiscard]] std::pair<const Rooted*, std::string> root_of(const std::string& path) const;
  [[nodiscard]] Result<std::optional<Location>> location(const std::string& path);
  [[nodiscard]] Result<std::optional<Entry>> look_at(const Location& location);
  [[nodiscard]] int put_file(const Location& location, const Entry& entry, uid_t user, gid_t group);
  [[nodiscard]] int put_link(const Location& location, const Entry& entry, uid_t user, gid_t group);
  [[nodiscard]] int put_folder(const Location& location, const Entry& entry, uid_t user,
                               gid_t group);
  /// From the root's /etc/passwd and /etc/group, once.
  void read_accounts();
  [[nodiscard]] tl::unexpected<Error> refused(int code, const std::string& doing);

  Rooted root_;
  std::optional<Rooted> boot_;
  bool own_;  // the root is this machine's
  std::optional<Accounts> users_, groups_;
  bool denied_ = false;
};

}  // namespace ntsbox::provision
