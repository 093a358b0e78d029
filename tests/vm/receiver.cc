// A receiver whose time is known to the nanosecond, for a guest whose parallel port the kernel
// takes for a PPS source. True time is told by CLOCK_MONOTONIC_RAW, which nothing can bend, so
// neither pulses nor sentences follow the clock that is being disciplined. Runs in the guest alone:
// it writes to the port's registers.

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/late_pulses.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::driver::testing;

// The kernel takes a falling STROBE for a pulse: QEMU answers it with the port's interrupt.
constexpr unsigned short port_data = 0x378;
constexpr unsigned short port_status = 0x379;
constexpr unsigned short port_control = 0x37a;
constexpr unsigned char idle = 0x1c;  // INIT, SELECT, interrupt enabled
constexpr unsigned char strobe = 0x1d;
// In counted time a sleeper wakes up late by less than this.
constexpr nanoseconds spin = 100us;

nanoseconds now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

[[noreturn]] void give_up(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A crystal that runs 20 ppm fast and wanders, and the pulses' lateness, as
/// tests/support/late_pulses.h has them.
class Truth {
 public:
  Truth(nanoseconds clock_is_slow, LateModel model, Wander wander, unsigned seed, int length)
      : begin_raw_(now(CLOCK_MONOTONIC_RAW)), begin_(now(CLOCK_REALTIME) + clock_is_slow) {
    LatePulses pulses{model, wander, seed};
    for (int n = 0; n < length; ++n) {
      phase_.push_back(pulses.phase());
      late_.push_back(pulses.next().late);
    }
  }

  [[nodiscard]] seconds first_second() const { return std::chrono::ceil<seconds>(begin_ + 1s); }

  [[nodiscard]] nanoseconds late(std::size_t n) const {
    return nanoseconds{std::llround(late_.at(n))};
  }

  [[nodiscard]] nanoseconds raw_at(nanoseconds time) const {
    const auto since = time - begin_;
    const auto n = std::clamp<std::int64_t>(since / 1s, 0, std::ssize(phase_) - 2);
    const auto i = static_cast<std::size_t>(n);
    const double part = static_cast<double>((since - seconds{n}).count()) * 1e-9;
    const double phase = phase_[i] + (phase_[i + 1] - phase_[i]) * part;
    return begin_raw_ + since + nanoseconds{std::llround(phase)};
  }

  [[nodiscard]] nanoseconds at_raw(nanoseconds raw) const {
    auto time = begin_ + raw - begin_raw_;
    for (int i = 0; i < 4; ++i) time -= raw_at(time) - raw;
    return time;
  }

  /// CLOCK_REALTIME less true time, by the best of some readings.
  [[nodiscard]] nanoseconds clock_error() const {
    auto best = nanoseconds::max();
    nanoseconds error{};
    for (int i = 0; i < 8; ++i) {
      const auto before = now(CLOCK_MONOTONIC_RAW);
      const auto system = now(CLOCK_REALTIME);
      const auto span = now(CLOCK_MONOTONIC_RAW) - before;
      if (span >= best) continue;
      best = span;
      error = system - at_raw(before + span / 2);
    }
    return error;
  }

 private:
  nanoseconds begin_raw_;
  nanoseconds begin_;
  std::vector<double> phase_;
  std::vector<double> late_;
};

void wait_for_raw(nanoseconds target, nanoseconds spinning) {
  for (;;) {
    const auto left = target - spinning - now(CLOCK_MONOTONIC_RAW);
    if (left <= 0ns) break;
    const auto whole = std::chrono::floor<seconds>(left);
    const timespec time{whole.count(), (left - whole).count()};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
  }
  while (now(CLOCK_MONOTONIC_RAW) < target) {
  }
}

std::string sentence(const std::string& body) {
  unsigned sum = 0;
  for (const char c : body) sum ^= static_cast<unsigned char>(c);
  return fmt::format("${}*{:02X}\r\n", body, sum);
}

/// What an ordinary receiver says about a second: RMC, GGA and GSA.
std::string burst(seconds second, bool fix) {
  const std::time_t time = second.count();
  std::tm utc{};
  gmtime_r(&time, &utc);
  const auto at = fmt::format("{:%H%M%S}.00", utc);
  const auto on = fmt::format("{:%d%m%y}", utc);
  if (!fix)
    return sentence("GPRMC," + at + ",V,,,,,,," + on + ",,,N") +
           sentence("GPGGA," + at + ",,,,,0,00,99.9,,,,,,") +
           sentence("GPGSA,A,1,,,,,,,,,,,,,99.9,99.9,99.9");
  return sentence("GPRMC," + at + ",A,4807.0380,N,01131.0000,E,0.02,0.0," + on + ",,,A") +
         sentence("GPGGA," + at + ",4807.0380,N,01131.0000,E,1,08,0.9,545.4,M,46.9,M,,") +
         sentence("GPGSA,A,3,04,05,09,12,24,25,29,31,,,,,1.8,0.9,1.5");
}

/// A serial port whose output is its own input, so that whoever has it open reads what is written
/// here.
int open_loopback(const std::string& port) {
  // By a name of our own: gpsd refuses a port that others have open.
  constexpr auto own = "/dev/receiver";
  constexpr int tiocm_loop = 0x8000;  // asm/termios.h, which clashes with termios.h

  struct stat status {};

  if (stat(port.c_str(), &status) != 0) give_up(port.c_str());
  unlink(own);
  if (mknod(own, S_IFCHR | 0600, status.st_rdev) != 0) give_up(own);
  const int fd = open(own, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  termios line{};
  if (fd < 0 || tcgetattr(fd, &line) != 0) give_up(own);
  cfmakeraw(&line);
  cfsetspeed(&line, B9600);
  line.c_cflag |= CLOCAL | CREAD;
  if (tcsetattr(fd, TCSANOW, &line) != 0 || ioctl(fd, TIOCMBIS, &tiocm_loop) != 0) give_up(own);
  return fd;
}

/// From this second on, and until that one.
struct Lapse {
  std::pair<int, int> seconds{0, 0};

  [[nodiscard]] bool at(int n) const { return n >= seconds.first && n < seconds.second; }
};

struct Options {
  std::string port;
  int length = 300;
  double clock_is_slow = 0.35;
  int model = 0;
  int wander = 1;
  unsigned seed = 1;
  Lapse silent;
  Lapse jumped;
  Lapse twice;
};

void speak(const Truth& truth, const Options& options, int fd) {
  for (int n = 0; n < options.length; ++n) {
    const auto second = truth.first_second() + seconds{n};
    wait_for_raw(truth.raw_at(second + 120ms), 0ns);
    const auto told = options.jumped.at(n) ? second + 1s : second;
    const auto text = burst(told, !options.silent.at(n));
    if (write(fd, text.data(), text.size()) < 0 && errno != EAGAIN) give_up("write");
  }
}

void edge(nanoseconds raw, bool seen) {
  wait_for_raw(raw - 100ms, 0ns);
  inb(port_status);  // takes the interrupt's line down
  outb(strobe, port_control);
  wait_for_raw(raw, spin);
  if (seen) outb(idle, port_control);
}

void pulse(const Truth& truth, const Options& options) {
  fmt::print("# true second, ns its pulse is late, ns that CLOCK_REALTIME is ahead then\n");
  for (int n = 0; n < options.length; ++n) {
    const auto second = truth.first_second() + seconds{n};
    const auto late = truth.late(static_cast<std::size_t>(n));
    const auto raw = truth.raw_at(second) + late;
    edge(raw, !options.silent.at(n));
    const auto error = truth.clock_error();
    fmt::print("{} {} {}\n", second.count(), late.count(), error.count());
    if (options.twice.at(n)) edge(raw + 300ms, true);
  }
}

void run(const Options& options) {
  if (ioperm(port_data, 3, 1) != 0) give_up("ioperm");
  if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) give_up("mlockall");
  const Truth truth{nanoseconds{std::llround(options.clock_is_slow * 1e9)},
                    static_cast<LateModel>(options.model), static_cast<Wander>(options.wander),
                    options.seed, options.length + 10};
  const int fd = open_loopback(options.port);
  std::thread sentences{[&] { speak(truth, options, fd); }};
  const sched_param first{50};
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first) != 0) give_up("SCHED_FIFO");
  pulse(truth, options);
  sentences.join();
  close(fd);
}

int guarded_main(int argc, char** argv) {
  Options options;
  CLI::App app{"A receiver whose time is known, in the guest of tests/vm.", "receiver"};
  app.add_option("--port", options.port, "Serial port that gpsd reads")->required();
  app.add_option("--seconds", options.length, "How long");
  app.add_option("--slow", options.clock_is_slow, "How many seconds the clock is slow at first");
  app.add_option("--model", options.model, "Lateness, as in late_pulses.h")
      ->check(CLI::Range(0, 6));
  app.add_option("--wander", options.wander, "0 none, 1 slow, 2 a ramp")->check(CLI::Range(0, 2));
  app.add_option("--seed", options.seed, "Of both");
  app.add_option("--silent", options.silent.seconds,
                 "No fix and no pulse from this second until that");
  app.add_option("--jumped", options.jumped.seconds,
                 "Sentences tell the second after, from .. until ..");
  app.add_option("--twice", options.twice.seconds, "Another pulse 300 ms behind, from .. until ..");
  try {
    app.parse(argc, argv);
    run(options);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return guarded_main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "receiver: " << error.what() << '\n';
    return 1;
  }
}
