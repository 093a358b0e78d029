#include "provision/io/passphrase.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "posix/file.h"
#include "posix/unique_fd.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t longest = 1024;
constexpr std::size_t shortest_fresh = 12;

/// The terminal, silent for as long as this lives.
class Silence {
 public:
  explicit Silence(int fd) : fd_(fd), there_(::tcgetattr(fd, &before_) == 0) {
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (there_) there_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }

  ~Silence() {
    if (there_) (void)::tcsetattr(fd_, TCSAFLUSH, &before_);
  }

  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  [[nodiscard]] bool there() const { return there_; }

 private:
  int fd_;

  struct termios before_ {};

  bool there_;
};

bool say(int fd, std::string_view text) {
  return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A terminal gives a line at a time.
Result<certs::Secret> ask(int terminal, std::string_view question) {
  const Silence silence{terminal};
  if (!silence.there() || !say(terminal, question))
    return fail(errno, "the terminal cannot be asked for the passphrase");
  std::array<char, longest> line{};
  const auto got = ::read(terminal, line.data(), line.size());
  const int code = errno;
  (void)say(terminal, "\n");
  if (got <= 0) return got < 0 ? fail(code, "no passphrase") : fail("no passphrase was given");
  auto text = std::string_view{line.data(), static_cast<std::size_t>(got)};
  certs::Secret secret{text.substr(0, text.find('\n'))};
  ::explicit_bzero(line.data(), line.size());
  return secret;
}

Result<certs::Secret> asked(bool fresh) {
  const UniqueFd terminal{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!terminal)
    return fail(
        "there is no terminal to ask for the passphrase on: --passphrase-file names a file");
  auto secret = ask(terminal.get(), "Passphrase: ");
  if (!secret || !fresh) return secret;
  TRY(const auto again, ask(terminal.get(), "The same again: "));
  if (again.view() != secret->view()) return fail("the two passphrases differ");
  return secret;
}

Result<certs::Secret> read(const std::string& file) {
  TRY(const auto text, read_file_or_input(file, longest));
  const std::string_view view = text;
  return certs::Secret{view.substr(0, view.find_first_of("\r\n"))};
}

}  // namespace

Result<certs::Secret> passphrase(const std::string& file, bool fresh) {
  auto secret = file.empty() ? asked(fresh) : read(file);
  if (!secret) return secret;
  if (secret->view().empty()) return fail("the passphrase is empty");
  if (fresh && secret->view().size() < shortest_fresh)
    return fail(fmt::format("the passphrase is shorter than {} letters: take several words",
                            shortest_fresh));
  return secret;
}

}  // namespace ntsbox::provision
