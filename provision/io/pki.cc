#include "provision/io/pki.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "posix/file.h"
#include "provision/core/identity.h"

namespace ntsbox::provision {
namespace {

Result<Settings> settings_in(System& system, const std::string& path, const Flags& flags) {
  TRY(const auto text, system.read(path));
  auto settings = parse_settings(text.value_or(""), path);
  return settings ? with_flags(std::move(*settings), flags) : settings;
}

/// The primary name: `wanted` as far as the certificate in service has it, else that one's own.
/// Until the next one serves, clients find the server by the names of this one.
Result<std::string> name_in(const std::string& certificate,
                            const std::vector<std::string>& wanted) {
  const auto summary = certs::inspect(certificate);
  if (!summary) return fail(std::string{pki_certificate} + ": " + summary.error().message);
  for (const auto& name : wanted)
    if (certs::covers(*summary, name)) return name;
  if (!summary->hosts.empty()) return summary->hosts.front();
  if (!summary->addresses.empty()) return summary->addresses.front();
  return fail(std::string{pki_certificate} + ": names nobody");
}

Result<Identity> read_identity(System& system, const std::string& folder) {
  Identity identity;
  for (const auto& file : identity_files) {
    TRY(auto text, system.read(folder + "/" + file.name));
    identity.*file.content = std::move(text).value_or("");
  }
  return identity;
}

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

bool write_text(int fd, std::string_view text) {
  return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// A terminal gives a line at a time.
Result<std::string> ask(int terminal, std::string_view question) {
  const Silence silence{terminal};
  if (!silence.there() || !write_text(terminal, question))
    return fail(errno, "the terminal cannot be asked for the passphrase");
  std::string line(longest, '\0');
  const auto got = ::read(terminal, line.data(), line.size());
  const int code = errno;
  (void)write_text(terminal, "\n");
  if (got <= 0) return got < 0 ? fail(code, "no passphrase") : fail("no passphrase was given");
  line.resize(static_cast<std::size_t>(got));
  return line.substr(0, line.find('\n'));
}

Result<std::string> asked(bool fresh) {
  const UniqueFd terminal{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
  if (!terminal)
    return fail(
        "there is no terminal to ask for the passphrase on: --passphrase-file names a file");
  auto secret = ask(terminal.get(), "Passphrase: ");
  if (!secret || !fresh) return secret;
  TRY(const auto again, ask(terminal.get(), "The same again: "));
  if (again != *secret) return fail("the two passphrases differ");
  return secret;
}

Result<std::string> read(const std::string& file) {
  TRY(const auto text, read_file_or_input(file, longest));
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

Result<Pki> read_pki(System& system) {
  Pki pki;
  for (const auto& [folder, identity] : {std::pair{pki_folder, &pki.current},
                                         {next_folder, &pki.next},
                                         {previous_folder, &pki.previous}}) {
    TRY(auto found, read_identity(system, folder));
    *identity = std::move(found);
  }
  return pki;
}

Result<Bundle> server_bundle(System& system, const std::string& settings_path, const Flags& flags,
                             UtcSecond now) {
  TRY(const auto settings, settings_in(system, settings_path, flags));
  TRY(const auto pki, read_pki(system));
  if (pki.current.certificate.empty())
    return fail("this server has no certificate yet: run ntsbox-provision first");
  TRY(auto name, name_in(pki.current.certificate, settings.names));
  // `--name ''` asks for no name.
  if (flags.contains("name") && !settings.names.empty() && name != settings.names.front())
    return fail(fmt::format(
        "the certificate in service is not for {}: ntsbox-provision renew makes one that is",
        settings.names.front()));
  return make_bundle(name, trust_set(pki, now), settings.client_no_rtc, now);
}

Result<std::string> passphrase(const std::string& file, bool fresh) {
  auto secret = file.empty() ? asked(fresh) : read(file);
  if (!secret) return secret;
  if (secret->empty()) return fail("the passphrase is empty");
  if (fresh && secret->size() < shortest_fresh)
    return fail(fmt::format("the passphrase is shorter than {} letters: take several words",
                            shortest_fresh));
  return secret;
}

}  // namespace ntsbox::provision
