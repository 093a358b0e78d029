#include "driver/io/recorder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace ntsbox::driver {

Result<Recorder> Recorder::open(const std::string& path) {
  UniqueFd file{::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)};
  if (!file) return fail(errno, path + ": cannot be recorded to");

  // A log whose last line was cut by a crash would be malformed for ever.
  struct stat status {};

  if (fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const UniqueFd reader{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    char last = '\n';
    if (reader && pread(reader.get(), &last, 1, status.st_size - 1) == 1 && last != '\n')
      return fail(path + ": its last line is cut; remove that line, or record to another file");
  }
  return Recorder{std::move(file), path};
}

Result<void> Recorder::append(std::string_view line) {
  if (!file_) return {};
  const auto written = ::write(file_.get(), line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return {};
  const int code = written < 0 ? errno : ENOSPC;

  // Take back what was written of the line, so that what is there stays a well-formed log.
  struct stat status {};

  if (written > 0 && fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode))
    (void)!ftruncate(file_.get(), status.st_size - written);
  file_.reset();
  return fail(code, path_ + ": recording ends here");
}

}  // namespace ntsbox::driver
