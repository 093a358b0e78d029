#include "provision/io/posix_system.h"

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
#include <utility>

#include "base/text.h"
#include "posix/file.h"
#include "posix/program.h"

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

bool is_nowhere(int code) {
  return code == ENOENT || code == ENOTDIR;
}

}  // namespace

Result<Rooted> Rooted::at(const std::string& folder) {
  Rooted rooted;
  rooted.folder_ = UniqueFd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!rooted.folder_) return fail(errno, folder + ": cannot be used as a root");
  if (!rooted.open("/", O_RDONLY | O_DIRECTORY))
    return fail(errno, folder + ": this kernel cannot keep paths inside it (openat2, Linux 5.6)");
  return rooted;
}

UniqueFd Rooted::open(const std::string& path, int flags) const {
  // EAGAIN: something above was renamed while the kernel walked (openat2(2)).
  for (int tries = 0;; ++tries) {
    const int fd = openat2_in_root(folder_.get(), path, flags);
    if (fd >= 0) return UniqueFd{fd};
    if (errno != EINTR && (errno != EAGAIN || tries == 100)) return UniqueFd{};
  }
}

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

void Accounts::add(const std::string& name, id_t id) {
  ids.emplace(name, id);
  names.emplace(id, name);
}

std::string Accounts::name_of(id_t id) const {
  const auto found = names.find(id);
  return found == names.end() ? std::to_string(id) : found->second;
}

std::optional<id_t> Accounts::id_of(const std::string& name) const {
  if (const auto found = ids.find(name); found != ids.end()) return found->second;
  const auto number = number_in(name, 0, std::numeric_limits<id_t>::max());
  return number ? std::optional{static_cast<id_t>(*number)} : std::nullopt;
}

/// An open folder and a name in it.
struct PosixSystem::Location {
  UniqueFd folder;
  std::string name;
};

PosixSystem::PosixSystem(Rooted root, std::optional<Rooted> boot, bool own)
    : root_(std::move(root)), boot_(std::move(boot)), own_(own) {}

Result<std::unique_ptr<PosixSystem>> PosixSystem::open(const std::string& root,
                                                       const std::string& boot) {
  TRY(auto rooted, Rooted::at(root));
  std::optional<Rooted> booted;
  if (!boot.empty()) {
    TRY(auto other, Rooted::at(boot));
    booted = std::move(other);
  }
  const UniqueFd machine{::open("/", O_PATH | O_CLOEXEC)};
  const bool own = is_same(machine.get(), rooted.get());
  return std::unique_ptr<PosixSystem>{new PosixSystem{std::move(rooted), std::move(booted), own}};
}

std::pair<const Rooted*, std::string> PosixSystem::root_of(const std::string& path) const {
  const std::string_view boot{boot_folder};
  if (boot_ && path.compare(0, boot.size(), boot) == 0 &&
      (path.size() == boot.size() || path[boot.size()] == '/'))
    return {&*boot_, path.size() == boot.size() ? "/" : path.substr(boot.size())};
  return {&root_, path};
}

tl::unexpected<Error> PosixSystem::refused(int code, const std::string& doing) {
  if (code == EACCES || code == EPERM) denied_ = true;
  return fail(code, doing);
}

void PosixSystem::read_accounts() {
  if (users_) return;
  users_ = Accounts{};
  groups_ = Accounts{};
  const auto open = [this](const char* path) {
    auto fd = root_.open(path, O_RDONLY);
    return std::unique_ptr<FILE, int (*)(FILE*)>{fd ? ::fdopen(fd.release(), "r") : nullptr,
                                                 [](FILE* file) { return ::fclose(file); }};
  };
  if (const auto file = open("/etc/passwd"))
    while (const auto* user = ::fgetpwent(file.get())) users_->add(user->pw_name, user->pw_uid);
  if (const auto file = open("/etc/group"))
    while (const auto* group = ::fgetgrent(file.get())) groups_->add(group->gr_name, group->gr_gid);
}

/// Empty when the folder is not there.
Result<std::optional<PosixSystem::Location>> PosixSystem::location(const std::string& path) {
  const auto [rooted, inner] = root_of(path);
  TRY(auto place, place_of(inner));
  auto folder = rooted->open(place.folder, O_RDONLY | O_DIRECTORY);
  if (folder) return Location{std::move(folder), std::move(place.name)};
  if (is_nowhere(errno)) return std::nullopt;
  return refused(errno, path + ": its folder cannot be opened");
}

Result<std::optional<Entry>> PosixSystem::look(const std::string& path) {
  TRY(const auto found, location(path));
  if (!found) return std::nullopt;
  auto entry = look_at(*found);
  if (!entry) return fail(path + ": " + entry.error().message);
  return entry;
}

Result<std::optional<Entry>> PosixSystem::look_at(const Location& location) {
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

Result<std::optional<std::string>> PosixSystem::read(const std::string& path) {
  const auto [rooted, inner] = root_of(path);
  // Not to hang on a FIFO that nobody writes to.
  const auto file = rooted->open(inner, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && is_nowhere(errno)) return std::nullopt;
  if (!file) return refused(errno, path + ": cannot be opened");
  std::string content;
  if (const int code = read_all(file.get(), content, most_bytes))
    return refused(code, path + ": cannot be read");
  return content;
}

Result<std::vector<std::string>> PosixSystem::list(const std::string& folder) {
  const auto [rooted, inner] = root_of(folder);
  auto opened = rooted->open(inner, O_RDONLY | O_DIRECTORY);
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

Result<void> PosixSystem::put(const std::string& path, const Entry& entry) {
  TRY(const auto found, location(path));
  if (!found) return fail(ENOENT, path + ": its folder cannot be opened");
  const auto now = look_at(*found);
  if (now && *now && same(**now, entry)) return {};
  read_accounts();
  const auto user = users_->id_of(entry.owner);
  const auto group = groups_->id_of(entry.group);
  if (!user) return fail(path + ": there is no user " + entry.owner + " in the root's /etc/passwd");
  if (!group)
    return fail(path + ": there is no group " + entry.group + " in the root's /etc/group");
  int code = EINVAL;
  if (entry.kind == Entry::Kind::file) code = put_file(*found, entry, *user, *group);
  if (entry.kind == Entry::Kind::link) code = put_link(*found, entry, *user, *group);
  if (entry.kind == Entry::Kind::folder) code = put_folder(*found, entry, *user, *group);
  if (code != 0) return refused(code, path + ": cannot be written");
  return {};
}

/// 0, or an errno; nothing is left behind then.
int PosixSystem::put_file(const Location& location, const Entry& entry, uid_t user, gid_t group) {
  const int folder = location.folder.get();
  const auto name = temporary_name(location.name);
  if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return errno;
  UniqueFd file{
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) return errno;
  int code = write_all(file.get(), entry.content);
  if (code == 0) code = give(file.get(), entry, user, group);
  if (code == 0) code = sync(file.get());
  file.reset();
  if (code == 0 && ::renameat(folder, name.c_str(), folder, location.name.c_str()) != 0)
    code = errno;
  if (code == 0) return sync(folder);
  (void)::unlinkat(folder, name.c_str(), 0);
  return code;
}

/// 0, or an errno; nothing is left behind then.
int PosixSystem::put_link(const Location& location, const Entry& entry, uid_t user, gid_t group) {
  const int folder = location.folder.get();
  const auto name = temporary_name(location.name);
  if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return errno;
  if (::symlinkat(entry.content.c_str(), folder, name.c_str()) != 0) return errno;
  if (::fchownat(folder, name.c_str(), user, group, AT_SYMLINK_NOFOLLOW) == 0 &&
      ::renameat(folder, name.c_str(), folder, location.name.c_str()) == 0)
    return sync(folder);
  const int code = errno;
  (void)::unlinkat(folder, name.c_str(), 0);
  return code;
}

/// 0, or an errno. A new folder is root's alone until it is whole.
int PosixSystem::put_folder(const Location& location, const Entry& entry, uid_t user, gid_t group) {
  const int folder = location.folder.get();
  const bool made = ::mkdirat(folder, location.name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return errno;
  const UniqueFd opened{
      ::openat(folder, location.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  int code = opened ? give(opened.get(), entry, user, group) : errno;
  if (code == 0) code = sync(opened.get());
  if (code == 0) code = sync(folder);
  if (code != 0 && made) (void)::unlinkat(folder, location.name.c_str(), AT_REMOVEDIR);
  return code;
}

Result<void> PosixSystem::remove(const std::string& path) {
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

Result<Ran> PosixSystem::run(const std::vector<std::string>& command, std::string_view input) {
  auto ran = run_program(command, {input, own_ ? -1 : root_.get(), std::nullopt, true});
  users_.reset();  // a package may have brought some
  return ran;
}

Result<std::shared_ptr<void>> PosixSystem::lock(const std::string& folder) {
  const auto [rooted, inner] = root_of(folder);
  auto held = std::make_shared<UniqueFd>(rooted->open(inner, O_RDONLY | O_DIRECTORY));
  if (!*held) return refused(errno, folder + ": cannot be opened");
  const bool locked = ::flock(held->get(), LOCK_EX | LOCK_NB) == 0;
  if (!locked && errno != EWOULDBLOCK) return refused(errno, folder + ": cannot be locked");
  // The other run may have ended, and taken the folder with it, since we opened it.
  if (locked && is_same(held->get(), rooted->open(inner, O_PATH).get()))
    return std::shared_ptr<void>{std::move(held)};
  return fail("another ntsbox-provision is running: try again when it has ended");
}

}  // namespace ntsbox::provision
