#include "driver/io/instance.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace ntsbox::driver {

Result<UniqueFd> claim_instance(const std::string& status_file) {
  if (status_file.empty()) return UniqueFd{};
  const auto path = status_file + ".lock";
  UniqueFd lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock) return UniqueFd{};
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return fail(errno, path);
  return fail("another ntsboxd is running already (it holds " + path +
              "): stop it first, or give this one its own [files] status and [chrony] socket");
}

}  // namespace ntsbox::driver
