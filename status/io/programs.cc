#include "status/io/programs.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/unique_fd.h"

namespace ntsbox::status {
namespace {

constexpr std::size_t most_output = std::size_t{1} << 20;

/// Until its end, that of `patience`, or too much of it.
std::string read_all(int pipe, nanoseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < most_output) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{pipe, POLLIN, 0};
    if (left <= 0ms) break;
    if (::poll(&ready, 1, static_cast<int>(left.count())) <= 0) continue;
    const auto got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Result<pid_t> start(const std::vector<std::string>& command, int output) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  if (const int code = ::posix_spawn_file_actions_init(&actions); code != 0)
    return fail(code, "posix_spawn");
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int code =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), ::environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return fail(code, command.front());
  return child;
}

bool there_is(const std::string& program) {
  for (const auto* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"})
    if (::access((folder + program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace

Result<Answer> ask(const std::vector<std::string>& command, nanoseconds patience) {
  if (!there_is(command.front())) return Answer{false, 0, {}};
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno, "pipe");
  const UniqueFd reading{ends[0]};
  UniqueFd writing{ends[1]};
  const auto child = start(command, writing.get());
  writing.reset();
  if (!child) return tl::unexpected(child.error());
  Answer answer;
  answer.output = read_all(reading.get(), patience);
  // It has ended, or it is late.
  int status = 0;
  for (int tries = 0; ::waitpid(*child, &status, WNOHANG) == 0; ++tries) {
    if (tries == 50) ::kill(*child, SIGKILL);
    ::poll(nullptr, 0, 1);
  }
  answer.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return answer;
}

}  // namespace ntsbox::status
