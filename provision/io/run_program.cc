#include "provision/io/run_program.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/unique_fd.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_output = std::size_t{1} << 20;
constexpr int cannot_run = 127;

// What a shell of root's would have, and no more: nothing of the caller's may change what happens.
constexpr const char* environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
    "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", nullptr};

/// A file without a name: a pipe that never fills up, and that no daemon left behind keeps open.
Result<UniqueFd> scratch(std::string_view content) {
  UniqueFd file{::memfd_create("ntsbox", MFD_CLOEXEC)};
  if (!file) return fail(errno, "cannot make a file in memory");
  for (auto rest = content; !rest.empty();) {
    const auto written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(errno, "cannot write to a file in memory");
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail(errno, "cannot rewind a file in memory");
  return file;
}

std::string content_of(int file) {
  std::string text(most_output, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got =
        ::pread(file, text.data() + size, text.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

[[noreturn]] void become(int root, const std::vector<char*>& arguments, int input, int output) {
  // Handlers go with exec(2), but what is ignored would stay so.
  (void)::signal(SIGPIPE, SIG_DFL);
  ::umask(022);
  const bool placed = root < 0 || (::fchdir(root) == 0 && ::chroot(".") == 0);
  if (placed && ::chdir("/") == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
      ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(output, STDERR_FILENO) >= 0) {
    ::environ = const_cast<char**>(environment);
    ::execvp(arguments[0], arguments.data());
  }
  ::_exit(cannot_run);
}

}  // namespace

Result<Ran> run_program(int root, const std::vector<std::string>& command, std::string_view input) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const auto in = scratch(input);
  if (!in) return tl::unexpected(in.error());
  const auto out = scratch({});
  if (!out) return tl::unexpected(out.error());

  const auto child = ::fork();
  if (child < 0) return fail(errno, command.front() + ": cannot be run");
  if (child == 0) become(root, arguments, in->get(), out->get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(errno, command.front() + ": cannot be waited for");
  return Ran{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
             content_of(out->get())};
}

}  // namespace ntsbox::provision
