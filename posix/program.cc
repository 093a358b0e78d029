#include "posix/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "posix/clock.h"
#include "posix/file.h"

namespace ntsbox {
namespace {

// As a shell of root's has it, and nothing of the caller's, which could change what happens.
constexpr const char* environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
    "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", nullptr};

/// A file without a name: unlike a pipe it never fills up, and no daemon that was left behind keeps
/// its reader waiting.
Result<UniqueFd> scratch(std::string_view content) {
  UniqueFd file{::memfd_create("ntsbox", MFD_CLOEXEC)};
  if (!file) return fail(errno, "cannot make a file in memory");
  if (const int code = write_all(file.get(), content))
    return fail(code, "cannot write to a file in memory");
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail(errno, "cannot rewind a file in memory");
  return file;
}

/// Reads what a program wrote to `file`, up to `most` bytes. The offset of the file is left alone:
/// a daemon that was left behind may go on writing there.
void read_output(int file, std::size_t most, Ran& ran) {
  struct stat status {};

  ran.whole = ::fstat(file, &status) == 0 && static_cast<std::size_t>(status.st_size) <= most;
  std::string text(std::min(static_cast<std::size_t>(status.st_size), most), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got =
        ::pread(file, text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  ran.output = std::move(text);
}

[[noreturn]] void become(const std::vector<char*>& arguments, const RunOptions& options, int input,
                         int output) {
  // exec(2) resets handlers, but would keep what is ignored.
  (void)::signal(SIGPIPE, SIG_DFL);
  ::umask(022);
  const int errors = options.with_errors ? output : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const bool placed = options.root < 0 || (::fchdir(options.root) == 0 && ::chroot(".") == 0);
  if (placed && ::chdir("/") == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0) {
    ::environ = const_cast<char**>(environment);
    ::execvp(arguments[0], arguments.data());
  }
  ::_exit(cannot_run);
}

/// Returns when `child` has ended, or `timeout` has passed and it was killed.
void await_end(pid_t child, nanoseconds timeout) {
  // <sys/pidfd.h> of glibc 2.36 declares no C linkage.
  const UniqueFd ended{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  const auto until = monotonic_time() + timeout;
  pollfd polled{ended.get(), POLLIN, 0};
  int ready = 0;
  while (ready <= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - monotonic_time());
    if (!ended || left.count() <= 0) break;
    ready = ::poll(&polled, 1, static_cast<int>(left.count()));
  }
  if (ready <= 0) (void)::kill(child, SIGKILL);
}

}  // namespace

Result<Ran> run_program(const std::vector<std::string>& command, const RunOptions& options) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  TRY(const auto in, scratch(options.input));
  TRY(const auto out, scratch({}));

  const auto child = ::fork();
  if (child < 0) return fail(errno, command.front() + ": cannot be run");
  if (child == 0) become(arguments, options, in.get(), out.get());
  if (options.timeout) await_end(child, *options.timeout);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(errno, command.front() + ": cannot be waited for");
  Ran ran{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), {}, true};
  read_output(out.get(), options.most, ran);
  return ran;
}

}  // namespace ntsbox
