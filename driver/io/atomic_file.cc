#include "driver/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/unique_fd.h"

namespace ntsbox::driver {
namespace {

/// 0, or an errno.
int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return fd && ::fsync(fd.get()) == 0 ? 0 : errno;
}

/// 0 once `temporary` holds all of it and stands at `path`, or an errno.
int fill_and_rename(UniqueFd file, const std::string& temporary, const std::string& path,
                    std::string_view content, mode_t mode, bool durable) {
  if (const int code = write_all(file.get(), content)) return code;
  if (::fchmod(file.get(), mode) != 0) return errno;
  if (durable && ::fsync(file.get()) != 0) return errno;
  file.reset();
  return ::rename(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
}

}  // namespace

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode,
                          bool durable) {
  auto temporary = path + ".XXXXXX";
  // Exclusive, so no link is followed, and 0600 until it is whole (mkostemp(3)).
  UniqueFd file{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (!file) return fail(errno, path + ": cannot be written (in its folder)");
  if (const int code = fill_and_rename(std::move(file), temporary, path, content, mode, durable)) {
    (void)::unlink(temporary.c_str());
    return fail(code, path + ": cannot be written");
  }
  if (const int code = durable ? sync_folder_of(path) : 0)
    return fail(code, path + ": written, but perhaps not to last");
  return {};
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  // Not to hang on a FIFO that nobody writes to.
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!file) return fail(errno, path + ": cannot be read");

  struct stat status {};

  if (::fstat(file.get(), &status) != 0) return fail(errno, path + ": cannot be read");
  if (!S_ISREG(status.st_mode)) return fail(path + ": cannot be read: it is not a regular file");
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(errno, path + ": cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most)
    return fail(path + ": cannot be read: it is longer than " + std::to_string(most) + " bytes");
  text.resize(size);
  return text;
}

}  // namespace ntsbox::driver
