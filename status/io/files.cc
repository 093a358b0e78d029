#include "status/io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/unique_fd.h"

namespace ntsbox::status {
namespace {

constexpr std::size_t most = std::size_t{1} << 20;

Result<void> write_all(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const auto written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(errno, path + ": cannot be written");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  // Whatever the umask is.
  if (::fchmod(file, 0644) != 0) return fail(errno, path + ": cannot be made readable");
  return {};
}

}  // namespace

std::optional<std::string> text_of(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!file) return std::nullopt;
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  const auto beside = path + ".new";
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT)
    return fail(errno, beside + ": cannot be removed");
  UniqueFd file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return fail(errno, beside + ": cannot be made");
  auto done = write_all(file.get(), content, beside);
  file.reset();
  if (done && std::rename(beside.c_str(), path.c_str()) != 0)
    done = fail(errno, path + ": cannot be replaced");
  if (!done) ::unlink(beside.c_str());
  return done;
}

}  // namespace ntsbox::status
