#include "sim/io/sim_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>

#include "posix/clock.h"
#include "posix/file.h"
#include "sim/core/nmea.h"
#include "sim/core/true_time.h"
#include "sim/io/pty.h"
#include "sim/io/sockets.h"

namespace ntsbox::sim {
namespace {

/// CLOCK_REALTIME less CLOCK_MONOTONIC, within the span of the reading.
ClockDifference difference_in(const TimedReading& reading) {
  const auto before = reading.clocks.monotonic.time_since_epoch() - reading.span / 2;
  const auto system = reading.clocks.system.time_since_epoch();
  return {system - (before + reading.span), system - before};
}

Result<UniqueFd> open_truth(const std::string& path) {
  UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)};
  if (!file) return fail(errno, path);
  return file;
}

UniqueFd watch_signals() {
  sigset_t ends{};
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  return UniqueFd{::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK)};
}

using Log = std::function<void(const std::string& line)>;

struct SimLoop {
  SimLoop(SimOptions chosen, const Log& chosen_log)
      : options(std::move(chosen)), log(chosen_log), line(options.baud) {}

  SimOptions options;
  const Log& log;
  UniqueFd signals;
  UniqueFd timer;
  std::optional<UniqueFd> truth;
  std::optional<PulseServer> pulses;
  std::optional<ControlSocket> control;
  std::optional<Pty> pty;

  MonotonicTime start;
  nanoseconds difference{};  // CLOCK_REALTIME less CLOCK_MONOTONIC
  std::optional<Receiver> receiver;
  SerialLine line;
  std::size_t done = 0;  // of the schedule
  bool stopping = false;

  Result<void> open();
  void begin();
  void wait();
  Result<void> step();
  Result<void> report(const Edge& edge);
  Result<void> open_pty();
  void execute(const Command& command, const std::string& words, MonotonicTime now);
  void execute_waiting(MonotonicTime now);
  [[nodiscard]] MonotonicTime next() const;
  [[nodiscard]] std::string opened() const;
};

Result<void> SimLoop::open() {
  signals = watch_signals();
  timer = UniqueFd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!signals || !timer) return fail(errno, "cannot wait for signals and time");
  // Opening the sockets fails while another simulator uses them; so the pty comes last.
  if (!options.pulses.empty()) {
    TRY(auto listening, PulseServer::listen(options.pulses));
    pulses.emplace(std::move(listening));
  }
  if (!options.control.empty()) {
    TRY(auto listening, ControlSocket::listen(options.control));
    control.emplace(std::move(listening));
  }
  if (!options.truth.empty()) {
    TRY(truth, open_truth(options.truth));
  }
  return open_pty();
}

void SimLoop::begin() {
  const auto reading = read_clocks_timed();
  start = reading.clocks.monotonic;
  difference = difference_in(reading).least;
  receiver.emplace(options.receiver, TrueTime{start, difference, options.offset, options.drift_ppm},
                   start);
}

MonotonicTime SimLoop::next() const {
  auto next = receiver->next();
  if (const auto byte = line.next()) next = std::min(next, *byte);
  if (done < options.schedule.size()) next = std::min(next, start + options.schedule[done].at);
  return next;
}

void SimLoop::wait() {
  itimerspec due{};
  due.it_value = timespec_of(std::max(nanoseconds{1}, next().time_since_epoch()));
  ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &due, nullptr);
  std::vector<pollfd> polled{{timer.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
  if (pty) polled.push_back({pty->fd(), POLLIN, 0});
  if (control) polled.push_back({control->fd(), POLLIN, 0});
  if (pulses) pulses->watch(polled);
  ::poll(polled.data(), polled.size(), -1);
}

Result<void> SimLoop::step() {
  const auto reading = read_clocks_timed();
  const auto now = reading.clocks.monotonic;
  difference = followed(difference, difference_in(reading));
  while (const auto edge = receiver->take_edge(now)) TRY(report(*edge));
  while (const auto burst = receiver->take_burst(now))
    if (pty) line.send(burst->text, burst->start);
  const auto bytes = line.take(now);
  if (pty && !bytes.empty()) pty->write(bytes);
  execute_waiting(now);
  if (pty) pty->discard_input();
  if (pulses) pulses->serve();
  signalfd_siginfo signal{};
  if (::read(signals.get(), &signal, sizeof signal) > 0) stopping = true;
  return {};
}

Result<void> SimLoop::report(const Edge& edge) {
  const StampedEdge stamped{edge.second, SystemTime{edge.when.time_since_epoch() + difference},
                            edge.sequence};
  if (truth) {
    const auto text = truth_line(stamped);
    const auto written = ::write(truth->get(), text.data(), text.size());
    if (written < 0) return fail(errno, options.truth);
    if (written != static_cast<ssize_t>(text.size())) return fail(ENOSPC, options.truth);
  }
  if (pulses) pulses->send(stamped.stamp, stamped.sequence);
  return {};
}

Result<void> SimLoop::open_pty() {
  if (options.pty.empty() || pty) return {};
  TRY(auto opened, Pty::open(options.pty));
  pty.emplace(std::move(opened));
  return {};
}

void SimLoop::execute(const Command& command, const std::string& words, MonotonicTime now) {
  const auto since =
      format_decimal_seconds(std::chrono::floor<std::chrono::milliseconds>(now - start));
  log(since.substr(0, since.size() - 6) + " s: " + words);
  if (std::holds_alternative<Quit>(command)) stopping = true;
  if (const auto* plugged = std::get_if<SetPlugged>(&command)) {
    line.clear();
    if (!plugged->in) pty.reset();
    if (plugged->in)
      if (const auto opened = open_pty(); !opened) log(opened.error().message);
  }
  receiver->execute(command, now);
}

void SimLoop::execute_waiting(MonotonicTime now) {
  for (; done < options.schedule.size() && start + options.schedule[done].at <= now; ++done)
    execute(options.schedule[done].command, options.schedule[done].words, now);
  while (const auto text = control ? control->receive() : std::nullopt) {
    const auto command = parse_command(*text);
    if (command)
      execute(*command, text->substr(0, text->find_last_not_of("\r\n") + 1), now);
    else
      log("control: " + command.error().message);
  }
}

std::string SimLoop::opened() const {
  std::string text;
  if (pty) text += " pty " + pty->link() + " (" + pty->port() + ")";
  if (pulses) text += " pulses " + pulses->path();
  if (control) text += " control " + control->path();
  if (truth) text += " truth " + options.truth;
  return text.substr(1);
}

}  // namespace

Result<void> simulate(SimOptions options, const Log& log,
                      const std::function<void(const std::string& opened)>& ready) {
  std::stable_sort(options.schedule.begin(), options.schedule.end(),
                   [](const Scheduled& a, const Scheduled& b) { return a.at < b.at; });
  SimLoop loop{std::move(options), log};
  TRY(loop.open());
  ready(loop.opened());
  loop.begin();
  while (!loop.stopping) {
    loop.wait();
    TRY(loop.step());
  }
  return {};
}

}  // namespace ntsbox::sim
