#include "driver/io/reporter.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "posix/file.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

/// What systemd listens with. A name that begins with @ is abstract.
class Systemd {
 public:
  explicit Systemd(const std::string& name)
      : name_(name), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), std::begin(address.sun_path));
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = offsetof(sockaddr_un, sun_path) + name.size();
    REQUIRE(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(size)) == 0);
  }

  ~Systemd() {
    if (name_.front() == '/') ::unlink(name_.c_str());
  }

  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  /// "" when nothing came.
  [[nodiscard]] std::string heard() const {
    std::array<char, 1024> buffer{};
    const auto size = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return {buffer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
  }

 private:
  std::string name_;
  UniqueFd socket_;
};

std::string unique(const std::string& prefix) {
  return prefix + std::to_string(getpid());
}

std::optional<nanoseconds> interval(const std::optional<std::string>& usec,
                                    const std::optional<std::string>& pid = std::nullopt) {
  return Notify{std::nullopt, usec, pid}.watchdog_interval();
}

/// What is written to standard error while `run` runs.
template <typename Run>
std::string logged(const Run& run) {
  char path[] = "/tmp/ntsbox-reporter-XXXXXX";
  const UniqueFd file{mkstemp(path)};
  ::unlink(path);
  const UniqueFd before{dup(STDERR_FILENO)};
  REQUIRE(dup2(file.get(), STDERR_FILENO) >= 0);
  run();
  dup2(before.get(), STDERR_FILENO);
  std::array<char, 4096> text{};
  const auto size = pread(file.get(), text.data(), text.size(), 0);
  return {text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
}

/// The reporter of a receiver whose fix comes and goes each second.
class Flapping {
 public:
  Flapping() {
    reporter_.begin("", "", 0);
    health_.counters = &counters_;
    health_.pulses_come = true;
  }

  void change() {
    pass(1s);
    health_.state = health_.state == State::locked ? State::hold : State::locked;
    health_.obstacle = health_.state == State::hold ? std::optional{Reason::no_fix} : std::nullopt;
    reporter_.changed(health_, at_);
  }

  void pass(nanoseconds span) {
    at_.monotonic += span;
    reporter_.tick(health_, at_);
  }

  void finish() { reporter_.finish(health_, at_); }

 private:
  Reporter reporter_{Notify{std::nullopt, std::nullopt, std::nullopt}};
  Counters counters_;
  Health health_;
  Reading at_{SystemTime{1795341600s}, MonotonicTime{1000s}, std::nullopt};
};

}  // namespace

TEST_CASE("a state that changes each second is logged six times, and the latest one in the end",
          "[driver][reporter]") {
  Flapping flapping;
  const auto at_once = logged([&] {
    for (int i = 0; i < 11; ++i) flapping.change();
  });
  CHECK(std::count(at_once.begin(), at_once.end(), '\n') == 6);
  CHECK_THAT(at_once, !ContainsSubstring("changes"));
  CHECK(logged([&] { flapping.pass(60s); }).empty());
  const auto later = logged([&] { flapping.pass(600s); });
  CHECK(later ==
        "LOCKED: every pulse has its second, samples go to chronyd (5 changes since the line "
        "before, the latest 660 s ago)\n");
  CHECK(logged([&] { flapping.finish(); }).empty());
}

TEST_CASE("the end of the daemon logs what was held back", "[driver][reporter]") {
  Flapping flapping;
  const auto at_once = logged([&] {
    for (int i = 0; i < 8; ++i) flapping.change();
  });
  CHECK(std::count(at_once.begin(), at_once.end(), '\n') == 6);
  CHECK_THAT(logged([&] { flapping.finish(); }),
             StartsWith("HOLD: no samples: gpsd has no fix") &&
                 EndsWith(" (2 changes since the line before, the latest 0 s ago)\n"));
}

TEST_CASE("systemd gets each change, at a path and at an abstract name", "[driver][notify]") {
  const auto name = GENERATE(unique("/tmp/ntsbox-notify-"), unique("@ntsbox-notify-"));
  const Systemd systemd{name};
  const Notify notify{name, std::nullopt, std::nullopt};
  CHECK(systemd.heard().empty());
  notify.ready();
  CHECK(systemd.heard() == "READY=1");
  notify.status("LOCKED: 1 sample a second");
  CHECK(systemd.heard() == "STATUS=LOCKED: 1 sample a second");
  notify.watchdog();
  CHECK(systemd.heard() == "WATCHDOG=1");
  notify.reloading(MonotonicTime{12s + 345'678'999ns});
  CHECK(systemd.heard() == "RELOADING=1\nMONOTONIC_USEC=12345678");
  notify.stopping();
  CHECK(systemd.heard() == "STOPPING=1");
}

TEST_CASE("a status cannot contain another message", "[driver][notify]") {
  const auto name = unique("@ntsbox-notify-status-");
  const Systemd systemd{name};
  Notify{name, std::nullopt, std::nullopt}.status("a\nSTOPPING=1\x7f");
  CHECK(systemd.heard() == "STATUS=a STOPPING=1 ");
}

TEST_CASE("without systemd nothing is sent, nor to an impossible socket", "[driver][notify]") {
  const auto name =
      GENERATE(as<std::optional<std::string>>{}, std::nullopt, "", "@", "/", "vsock:2:9999",
               "relative", "/nowhere/at/all", "/" + std::string(107, 'x'));
  const Notify notify{name, std::nullopt, std::nullopt};
  notify.ready();
  notify.status("nobody listens");
  notify.stopping();
  CHECK_FALSE(notify.watchdog_interval());
}

TEST_CASE("a systemd that does not read is not waited for", "[driver][notify]") {
  const auto name = unique("@ntsbox-notify-full-");
  const Systemd systemd{name};
  const Notify notify{name, std::nullopt, std::nullopt};
  for (int i = 0; i < 2000; ++i) notify.watchdog();
  CHECK(systemd.heard() == "WATCHDOG=1");
}

TEST_CASE("the watchdog's interval is the one for this process", "[driver][notify]") {
  const auto own = std::to_string(getpid());
  CHECK(interval("30000000") == 30s);
  CHECK(interval("30000000", own) == 30s);
  CHECK(interval("1") == 1us);
  CHECK_FALSE(interval(std::nullopt, own));
  CHECK_FALSE(interval("30000000", std::to_string(getpid() + 1)));
  CHECK_FALSE(interval("30000000", ""));
  const char* bad =
      GENERATE("", "0", "-1", "30s", "1.5", "9223372036854775807", "99999999999999999999");
  CHECK_FALSE(interval(bad));
}
