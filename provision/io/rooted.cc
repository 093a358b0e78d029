#include "provision/io/rooted.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ntsbox::provision {
namespace {

/// glibc 2.36 has no wrapper.
int openat2_in_root(int folder, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
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

}  // namespace ntsbox::provision
