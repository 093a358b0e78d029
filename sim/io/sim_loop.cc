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
#include <cstdint>
#include <optional>

#include "posix/clock.h"
#include "posix/unique_fd.h"
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

/// Moves the value of `result` into `to`, or returns the error.
template <class T, class To>
Result<void> put(Result<T>&& result, To& to) {
  if (!result) return tl::unexpected{result.error()};
  to.emplace(std::move(*result));
  return {};
}

}  // namespace

struct SimLoop::Body {
  Body(SimOptions chosen, Log chosen_log)
      : options(std::move(chosen)), log(std::move(chosen_log)), line(options.baud) {}

  SimOptions options;
  Log log;
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
  void plug();
  void execute(const Command& command, const std::string& words, MonotonicTime now);
  void execute_waiting(MonotonicTime now);
  [[nodiscard]] MonotonicTime next() const;
};

Result<void> SimLoop::Body::open() {
  signals = watch_signals();
  timer = UniqueFd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)};
  if (!signals || !timer) return fail(errno, "cannot wait for signals and time");
  Result<void> result;
  // Opening the sockets fails while another simulator uses them; so the pty comes last.
  if (!options.pulses.empty()) result = put(PulseServer::listen(options.pulses), pulses);
  if (result && !options.control.empty())
    result = put(ControlSocket::listen(options.control), control);
  if (result && !options.truth.empty()) result = put(open_truth(options.truth), truth);
  if (result && !options.pty.empty()) result = put(Pty::open(options.pty), pty);
  return result;
}

void SimLoop::Body::begin() {
  const auto reading = read_clocks_timed();
  start = reading.clocks.monotonic;
  difference = difference_in(reading).least;
  receiver.emplace(options.receiver, TrueTime{start, difference, options.offset, options.drift_ppm},
                   start);
}

MonotonicTime SimLoop::Body::next() const {
  auto next = receiver->next();
  if (const auto byte = line.next()) next = std::min(next, *byte);
  if (done < options.schedule.size()) next = std::min(next, start + options.schedule[done].at);
  return next;
}

void SimLoop::Body::wait() {
  itimerspec due{};
  due.it_value = timespec_of(std::max(nanoseconds{1}, next().time_since_epoch()));
  ::timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &due, nullptr);
  std::vector<pollfd> polled{{timer.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
  if (pty) polled.push_back({pty->fd(), POLLIN, 0});
  if (control) polled.push_back({control->fd(), POLLIN, 0});
  if (pulses) pulses->watch(polled);
  ::poll(polled.data(), polled.size(), -1);
}

Result<void> SimLoop::Body::step() {
  const auto reading = read_clocks_timed();
  const auto now = reading.clocks.monotonic;
  difference = followed(difference, difference_in(reading));
  while (const auto edge = receiver->take_edge(now))
    if (auto reported = report(*edge); !reported) return reported;
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

Result<void> SimLoop::Body::report(const Edge& edge) {
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

void SimLoop::Body::plug() {
  if (options.pty.empty() || pty) return;
  if (const auto plugged = put(Pty::open(options.pty), pty); !plugged) log(plugged.error().message);
}

void SimLoop::Body::execute(const Command& command, const std::string& words, MonotonicTime now) {
  const auto since =
      format_decimal_seconds(std::chrono::floor<std::chrono::milliseconds>(now - start));
  log(since.substr(0, since.size() - 6) + " s: " + words);
  if (std::holds_alternative<Quit>(command)) stopping = true;
  if (const auto* plugged = std::get_if<SetPlugged>(&command)) {
    line.clear();
    if (plugged->in)
      plug();
    else
      pty.reset();
  }
  receiver->execute(command, now);
}

void SimLoop::Body::execute_waiting(MonotonicTime now) {
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

SimLoop::SimLoop(std::unique_ptr<Body> body) : body_(std::move(body)) {}

SimLoop::~SimLoop() = default;
SimLoop::SimLoop(SimLoop&&) noexcept = default;
SimLoop& SimLoop::operator=(SimLoop&&) noexcept = default;

Result<SimLoop> SimLoop::make(SimOptions options, Log log) {
  std::stable_sort(options.schedule.begin(), options.schedule.end(),
                   [](const Scheduled& a, const Scheduled& b) { return a.at < b.at; });
  auto body = std::make_unique<Body>(std::move(options), std::move(log));
  if (const auto opened = body->open(); !opened) return tl::unexpected{opened.error()};
  return SimLoop{std::move(body)};
}

std::string SimLoop::made() const {
  std::string text;
  if (body_->pty) text += " pty " + body_->pty->link() + " (" + body_->pty->port() + ")";
  if (body_->pulses) text += " pulses " + body_->pulses->path();
  if (body_->control) text += " control " + body_->control->path();
  if (body_->truth) text += " truth " + body_->options.truth;
  return text.substr(1);
}

Result<void> SimLoop::run() {
  body_->begin();
  while (!body_->stopping) {
    body_->wait();
    if (auto stepped = body_->step(); !stepped) return stepped;
  }
  return {};
}

}  // namespace ntsbox::sim
