#include "provision/io/own_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

namespace ntsbox::provision {
namespace {

ssize_t read_some(int fd, char* bytes, std::size_t size) {
  ssize_t got = 0;
  do got = ::read(fd, bytes, size);
  while (got < 0 && errno == EINTR);
  return got;
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t most) {
  std::string content;
  std::array<char, 16384> buffer;
  while (true) {
    const auto got = read_some(fd, buffer.data(), buffer.size());
    if (got < 0) return fail(errno, path + ": cannot be read");
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > most) return fail(fmt::format("{}: larger than {} bytes", path, most));
  }
}

Result<void> write_all(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const auto put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(errno, path + ": cannot be written");
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> make(const std::string& path, std::string_view content, unsigned mode) {
  const UniqueFd fd{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!fd) return fail(errno, path + ": cannot be made");
  auto written = write_all(fd.get(), path, content);
  if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0))
    written = fail(errno, path + ": cannot be written");
  if (!written) static_cast<void>(::unlink(path.c_str()));
  return written;
}

Result<void> synchronise(const std::string& folder) {
  const UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd || ::fsync(fd.get()) != 0) return fail(errno, folder + ": cannot be synchronised");
  return {};
}

}  // namespace

Result<std::string> read_own_file(const std::string& path, std::size_t most) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", most);
  // Not blocking, lest a named pipe be waited for.
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!fd) return fail(errno, path + ": cannot be opened");

  struct stat found {};

  if (::fstat(fd.get(), &found) != 0) return fail(errno, path + ": cannot be read");
  if (!S_ISREG(found.st_mode)) return fail(path + ": not a file");
  return read_all(fd.get(), path, most);
}

Result<void> write_own_file(const std::string& path, std::string_view content, unsigned mode) {
  if (path == "-") return write_all(STDOUT_FILENO, "standard output", content);
  const auto fresh = fmt::format("{}.{}.new", path, ::getpid());
  if (auto made = make(fresh, content, mode); !made) return made;
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    const int code = errno;
    static_cast<void>(::unlink(fresh.c_str()));
    return fail(code, path + ": cannot be put in place");
  }
  return synchronise(folder_of(path));
}

Result<void> make_own_file(const std::string& path, std::string_view content, unsigned mode) {
  if (auto made = make(path, content, mode); !made) return made;
  return synchronise(folder_of(path));
}

}  // namespace ntsbox::provision
