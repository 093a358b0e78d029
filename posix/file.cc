#include "posix/file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace ntsbox {
namespace {

int sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return fd && ::fsync(fd.get()) == 0 ? 0 : errno;
}

/// 0 once `file` holds all of `content` and has its mode, or an errno.
int fill(const UniqueFd& file, std::string_view content, mode_t mode, Durable durable) {
  if (const int code = write_all(file.get(), content)) return code;
  if (::fchmod(file.get(), mode) != 0) return errno;
  return durable == Durable::yes && ::fsync(file.get()) != 0 ? errno : 0;
}

Result<void> keep_folder_of(const std::string& path) {
  if (const int code = sync_folder_of(path))
    return fail(code, path + ": written, but a power cut may undo it");
  return {};
}

Result<std::string> read_to_end(int fd, const std::string& name, std::size_t most) {
  std::string content;
  const int code = read_all(fd, content, most);
  if (code == EFBIG)
    return fail(name + ": cannot be read: it is longer than " + std::to_string(most) + " bytes");
  if (code != 0) return fail(code, name + ": cannot be read");
  return content;
}

Result<std::string> read_regular(const std::string& path, std::size_t most, int flags) {
  // O_NONBLOCK: a named pipe is not waited for.
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags)};
  if (!file && errno == ELOOP && (flags & O_NOFOLLOW) != 0)
    return fail(path + ": cannot be read: it is a symbolic link");
  if (!file) return fail(errno, path + ": cannot be read");

  struct stat status {};

  if (::fstat(file.get(), &status) != 0) return fail(errno, path + ": cannot be read");
  if (!S_ISREG(status.st_mode)) return fail(path + ": cannot be read: it is not a regular file");
  return read_to_end(file.get(), path, most);
}

}  // namespace

int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

int read_all(int fd, std::string& content, std::size_t most) {
  std::array<char, 16384> buffer;
  while (content.size() <= most) {
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return EFBIG;
}

int append_whole(int fd, std::string_view text) {
  const auto written = ::write(fd, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return 0;
  const int code = written < 0 ? errno : ENOSPC;

  struct stat status {};

  if (written > 0 && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
    (void)!::ftruncate(fd, status.st_size - written);
  return code;
}

bool is_cut(int fd, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return fail("'" + path + "': the path of a socket has 1 to 107 bytes");
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  return address;
}

Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode,
                          Durable durable) {
  auto temporary = path + ".XXXXXX";
  // Created with O_EXCL, so that no link is followed, and with mode 0600 (mkostemp(3)).
  UniqueFd file{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (!file) return fail(errno, path + ": cannot be written (in its folder)");
  int code = fill(file, content, mode, durable);
  file.reset();
  if (code == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) code = errno;
  if (code != 0) {
    (void)::unlink(temporary.c_str());
    return fail(code, path + ": cannot be written");
  }
  return durable == Durable::yes ? keep_folder_of(path) : Result<void>{};
}

Result<void> create_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) return fail(errno, path + ": cannot be created");
  if (const int code = fill(file, content, mode, Durable::yes)) {
    (void)::unlink(path.c_str());
    return fail(code, path + ": cannot be written");
  }
  return keep_folder_of(path);
}

Result<std::string> read_file(const std::string& path, std::size_t most) {
  return read_regular(path, most, 0);
}

Result<std::string> read_foreign_file(const std::string& path, std::size_t most) {
  return read_regular(path, most, O_NOFOLLOW);
}

Result<std::string> read_file_or_input(const std::string& path, std::size_t most) {
  return path == "-" ? read_to_end(STDIN_FILENO, "standard input", most) : read_file(path, most);
}

Result<void> write_file_or_output(const std::string& path, std::string_view content, mode_t mode) {
  if (path != "-") return replace_file(path, content, mode, Durable::yes);
  if (const int code = write_all(STDOUT_FILENO, content))
    return fail(code, "standard output: cannot be written");
  return {};
}

}  // namespace ntsbox
