#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <limits>
#include <map>
#include <utility>

#include "base/text.h"
#include "posix/file.h"
#include "posix/program.h"
#include "provision/io/system.h"

namespace ntsbox::provision {
namespace {

/// glibc 2.36 has no wrapper.
int openat2_in_root(int folder, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

constexpr char boot_folder[] = "/boot/firmware";
constexpr std::size_t most_bytes = std::size_t{16} << 20;  // no file that ntsbox reads comes near
constexpr unsigned permission_bits = 07777;

/// FAT keeps neither modes nor owners; a Raspberry Pi boots from it.
bool is_modeless(int fd) {
  struct statfs status {};

  return ::fstatfs(fd, &status) == 0 && status.f_type == MSDOS_SUPER_MAGIC;
}

/// The owner first: a mode for a group is not given while the group is another's. 0, or an errno.
int give(int fd, const Entry& entry, uid_t user, gid_t group) {
  if (is_modeless(fd)) return 0;
  if (::fchown(fd, user, group) != 0 || ::fchmod(fd, entry.mode) != 0) return errno;
  return 0;
}

int sync(int fd) {
  return ::fsync(fd) == 0 ? 0 : errno;
}

/// Whether two descriptors are of one file.
bool is_same(int a, int b) {
  struct stat one {};

  struct stat other {};

  return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// What makes something in `folder`: 0, or an errno.

int make_file(int folder, const char* name, const Entry& entry, uid_t user, gid_t group) {
  const UniqueFd file{
      ::openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  int code = file ? write_all(file.get(), entry.content) : errno;
  if (code == 0) code = give(file.get(), entry, user, group);
  return code == 0 ? sync(file.get()) : code;
}

int make_link(int folder, const char* name, const Entry& entry, uid_t user, gid_t group) {
  const bool made = ::symlinkat(entry.content.c_str(), folder, name) == 0 &&
                    ::fchownat(folder, name, user, group, AT_SYMLINK_NOFOLLOW) == 0;
  return made ? 0 : errno;
}

/// A file or link, atomically; nothing is left behind when it fails.
int replace(int folder, const std::string& name, const Entry& entry, uid_t user, gid_t group) {
  const auto temporary = temporary_name(name);
  if (::unlinkat(folder, temporary.c_str(), 0) != 0 && errno != ENOENT) return errno;
  const auto make = entry.kind == Entry::Kind::file ? make_file : make_link;
  int code = make(folder, temporary.c_str(), entry, user, group);
  if (code == 0 && ::renameat(folder, temporary.c_str(), folder, name.c_str()) != 0) code = errno;
  if (code == 0) return sync(folder);
  (void)::unlinkat(folder, temporary.c_str(), 0);
  return code;
}

/// A new folder is root's alone until it is whole.
int put_folder(int folder, const std::string& name, const Entry& entry, uid_t user, gid_t group) {
  const bool made = ::mkdirat(folder, name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return errno;
  const UniqueFd opened{
      ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  int code = opened ? give(opened.get(), entry, user, group) : errno;
  if (code == 0) code = sync(opened.get());
  if (code == 0) code = sync(folder);
  if (code != 0 && made) (void)::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  return code;
}

bool is_nowhere(int code) {
  return code == ENOENT || code == ENOTDIR;
}

/// open(2) of `path`, absolute, below the folder `root`, which nothing leads out of: a symbolic
/// link, absolute or with "..", is followed as the machine itself would. Empty with errno set when
/// it fails.
UniqueFd open_below(const UniqueFd& root, const std::string& path, int flags) {
  // EAGAIN: something above was renamed while the kernel walked (openat2(2)).
  for (int tries = 0;; ++tries) {
    const int fd = openat2_in_root(root.get(), path, flags);
    if (fd >= 0) return UniqueFd{fd};
    if (errno != EINTR && (errno != EAGAIN || tries == 100)) return UniqueFd{};
  }
}

/// Fails when `folder` is none, or the kernel is older than Linux 5.6.
Result<UniqueFd> open_root(const std::string& folder) {
  UniqueFd root{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root) return fail(errno, folder + ": cannot be used as a root");
  if (!open_below(root, "/", O_RDONLY | O_DIRECTORY))
    return fail(errno, folder + ": this kernel cannot keep paths inside it (openat2, Linux 5.6)");
  return root;
}

/// A path taken apart: "/etc/chrony/chrony.conf" is "/etc/chrony" and "chrony.conf".
struct Place {
  std::string folder, name;
};

/// Fails for a path that is not absolute, is the root, or has an empty, "." or ".." part.
Result<Place> place_of(const std::string& path) {
  const auto refuse = [&] { return fail(path + ": not a plain absolute path"); };
  if (path.size() < 2 || path.front() != '/' || path.find('\0') != std::string::npos)
    return refuse();
  for (std::size_t from = 1; from <= path.size();) {
    const auto end = std::min(path.find('/', from), path.size());
    const auto part = path.substr(from, end - from);
    if (part.empty() || part == "." || part == "..") return refuse();
    from = end + 1;
  }
  const auto slash = path.rfind('/');
  return Place{slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

/// The users, or the groups, of a root: an image's are not this machine's. Root is always one.
struct Accounts {
  std::map<std::string, id_t> ids{{"root", 0}};
  std::map<id_t, std::string> names{{0, "root"}};

  void add(const std::string& name, id_t id) {
    ids.emplace(name, id);
    names.emplace(id, name);
  }

  /// The name, or the number in decimal when it has none.
  [[nodiscard]] std::string name_of(id_t id) const {
    const auto found = names.find(id);
    return found == names.end() ? std::to_string(id) : found->second;
  }

  /// The number of a name, or of a number in decimal; empty when there is no such account.
  [[nodiscard]] std::optional<id_t> id_of(const std::string& name) const {
    if (const auto found = ids.find(name); found != ids.end()) return found->second;
    const auto number = number_in(name, 0, std::numeric_limits<id_t>::max());
    return number ? std::optional{static_cast<id_t>(*number)} : std::nullopt;
  }
};

/// An open folder and a name in it.
struct Location {
  UniqueFd folder;
  std::string name;
};

class PosixSystem final : public System {
 public:
  PosixSystem(UniqueFd root, std::optional<UniqueFd> boot, bool own)
      : root_(std::move(root)), boot_(std::move(boot)), own_(own) {}

  Result<std::optional<Entry>> look(const std::string& path) override {
    TRY(const auto found, location(path));
    if (!found) return std::nullopt;
    auto entry = look_at(*found);
    if (!entry) return fail(path + ": " + entry.error().message);
    return entry;
  }

  Result<std::optional<std::string>> read(const std::string& path) override {
    const auto [root, inner] = root_of(path);
    // Not to hang on a FIFO that nobody writes to.
    const auto file = open_below(*root, inner, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && is_nowhere(errno)) return std::nullopt;
    if (!file) return refused(errno, path + ": cannot be opened");
    std::string content;
    if (const int code = read_all(file.get(), content, most_bytes))
      return refused(code, path + ": cannot be read");
    return content;
  }

  Result<std::vector<std::string>> list(const std::string& folder) override {
    const auto [root, inner] = root_of(folder);
    auto opened = open_below(*root, inner, O_RDONLY | O_DIRECTORY);
    std::vector<std::string> names;
    if (!opened && is_nowhere(errno)) return names;
    if (!opened) return refused(errno, folder + ": cannot be opened");
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(opened.get()), ::closedir};
    if (!stream) return refused(errno, folder + ": cannot be read");
    (void)opened.release();
    errno = 0;
    while (const auto* entry = ::readdir(stream.get())) {
      const std::string_view name{static_cast<const char*>(entry->d_name)};
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return refused(errno, folder + ": cannot be read");
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> put(const std::string& path, const Entry& entry) override {
    TRY(const auto found, location(path));
    if (!found) return fail(ENOENT, path + ": its folder cannot be opened");
    const auto now = look_at(*found);
    if (now && *now && same(**now, entry)) return {};
    read_accounts();
    const auto user = users_->id_of(entry.owner);
    const auto group = groups_->id_of(entry.group);
    if (!user)
      return fail(path + ": there is no user " + entry.owner + " in the root's /etc/passwd");
    if (!group)
      return fail(path + ": there is no group " + entry.group + " in the root's /etc/group");
    int code = EINVAL;
    if (entry.kind != Entry::Kind::other) {
      const auto make = entry.kind == Entry::Kind::folder ? put_folder : replace;
      code = make(found->folder.get(), found->name, entry, *user, *group);
    }
    if (code != 0) return refused(code, path + ": cannot be written");
    return {};
  }

  Result<void> remove(const std::string& path) override {
    TRY(const auto found, location(path));
    if (!found) return {};
    const int folder = found->folder.get();
    const auto* name = found->name.c_str();

    struct stat status {};

    if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (is_nowhere(errno)) return {};
      return refused(errno, path + ": cannot be looked at");
    }
    if (::unlinkat(folder, name, S_ISDIR(status.st_mode) ? AT_REMOVEDIR : 0) != 0)
      return refused(errno, path + ": cannot be removed");
    if (const int code = sync(folder)) return refused(code, path + ": cannot be removed for good");
    return {};
  }

  Result<Ran> run(const std::vector<std::string>& command, std::string_view input) override {
    auto ran = run_program(command, {input, own_ ? -1 : root_.get(), std::nullopt, true});
    users_.reset();  // a package may have brought some
    return ran;
  }

  Result<std::shared_ptr<void>> lock(const std::string& folder) override {
    const auto [root, inner] = root_of(folder);
    auto held = std::make_shared<UniqueFd>(open_below(*root, inner, O_RDONLY | O_DIRECTORY));
    if (!*held) return refused(errno, folder + ": cannot be opened");
    const bool locked = ::flock(held->get(), LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno != EWOULDBLOCK) return refused(errno, folder + ": cannot be locked");
    // The other run may have ended, and taken the folder with it, since we opened it.
    if (locked && is_same(held->get(), open_below(*root, inner, O_PATH).get()))
      return std::shared_ptr<void>{std::move(held)};
    return fail("another ntsbox-provision is running: try again when it has ended");
  }

  [[nodiscard]] bool denied() const override { return denied_; }

 private:
  /// The root that `path` lies in, and the path there.
  std::pair<const UniqueFd*, std::string> root_of(const std::string& path) const {
    const std::string_view boot{boot_folder};
    if (boot_ && path.compare(0, boot.size(), boot) == 0 &&
        (path.size() == boot.size() || path[boot.size()] == '/'))
      return {&*boot_, path.size() == boot.size() ? "/" : path.substr(boot.size())};
    return {&root_, path};
  }

  tl::unexpected<Error> refused(int code, const std::string& doing) {
    if (code == EACCES || code == EPERM) denied_ = true;
    return fail(code, doing);
  }

  /// From the root's /etc/passwd and /etc/group, once.
  void read_accounts() {
    if (users_) return;
    users_ = Accounts{};
    groups_ = Accounts{};
    const auto open = [this](const char* path) {
      auto fd = open_below(root_, path, O_RDONLY);
      return std::unique_ptr<FILE, int (*)(FILE*)>{fd ? ::fdopen(fd.release(), "r") : nullptr,
                                                   [](FILE* file) { return ::fclose(file); }};
    };
    if (const auto file = open("/etc/passwd"))
      while (const auto* user = ::fgetpwent(file.get())) users_->add(user->pw_name, user->pw_uid);
    if (const auto file = open("/etc/group"))
      while (const auto* group = ::fgetgrent(file.get()))
        groups_->add(group->gr_name, group->gr_gid);
  }

  /// Empty when the folder is not there.
  Result<std::optional<Location>> location(const std::string& path) {
    const auto [root, inner] = root_of(path);
    TRY(auto place, place_of(inner));
    auto folder = open_below(*root, place.folder, O_RDONLY | O_DIRECTORY);
    if (folder) return Location{std::move(folder), std::move(place.name)};
    if (is_nowhere(errno)) return std::nullopt;
    return refused(errno, path + ": its folder cannot be opened");
  }

  Result<std::optional<Entry>> look_at(const Location& location) {
    struct stat status {};

    const auto* name = location.name.c_str();
    const int folder = location.folder.get();
    if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (is_nowhere(errno)) return std::nullopt;
      return refused(errno, "cannot be looked at");
    }
    read_accounts();
    Entry entry{.kind = Entry::Kind::other,
                .mode = status.st_mode & permission_bits,
                .owner = users_->name_of(status.st_uid),
                .group = groups_->name_of(status.st_gid),
                .modeless = is_modeless(folder)};
    if (S_ISDIR(status.st_mode)) entry.kind = Entry::Kind::folder;
    if (S_ISLNK(status.st_mode)) {
      entry.kind = Entry::Kind::link;
      entry.content.resize(PATH_MAX);
      const auto size = ::readlinkat(folder, name, entry.content.data(), entry.content.size());
      if (size < 0) return refused(errno, "cannot be read");
      entry.content.resize(static_cast<std::size_t>(size));
    }
    if (S_ISREG(status.st_mode)) {
      entry.kind = Entry::Kind::file;
      const UniqueFd file{::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
      if (!file) return refused(errno, "cannot be opened");
      if (const int code = read_all(file.get(), entry.content, most_bytes))
        return refused(code, "cannot be read");
    }
    return entry;
  }

  UniqueFd root_;
  std::optional<UniqueFd> boot_;
  bool own_;  // the root is this machine's
  std::optional<Accounts> users_, groups_;
  bool denied_ = false;
};

}  // namespace

Result<std::unique_ptr<System>> open_system(const std::string& root, const std::string& boot) {
  TRY(auto opened, open_root(root));
  std::optional<UniqueFd> boot_root;
  if (!boot.empty()) {
    TRY(auto other, open_root(boot));
    boot_root = std::move(other);
  }
  const UniqueFd machine{::open("/", O_PATH | O_CLOEXEC)};
  const bool own = is_same(machine.get(), opened.get());
  return std::make_unique<PosixSystem>(std::move(opened), std::move(boot_root), own);
}

}  // namespace ntsbox::provision
