#include "driver/io/loop.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "base/release.h"
#include "driver/core/calendar.h"
#include "driver/core/chrony_wire.h"
#include "driver/core/event_log.h"
#include "driver/io/chrony_sink.h"
#include "driver/io/gpsd_stream.h"
#include "driver/io/pulse_feed.h"
#include "posix/clock.h"
#include "posix/file.h"
#include "posix/process.h"

namespace ntsbox::driver {
namespace {

constexpr nanoseconds tick_interval = 1s;
// A tick comes along with a pulse or a message that wakes the loop about when it is due, so that a
// healthy second has one wake-up less.
constexpr nanoseconds tick_slack = 50ms;
// While a source is down its retries set the pace.
constexpr nanoseconds retry_interval = 250ms;

BridgeOptions bridge_options(const Settings& settings, const LastSecond& last_second) {
  BridgeOptions options;
  const auto release = release_date();
  options.earliest_date =
      std::max(release, last_second.read(latest_date_after(release)).value_or(release));
  options.witness = settings.witness;
  options.device = settings.gpsd.device;
  options.correction = settings.constant_lateness();
  options.lateness = settings.lateness;
  // Without a table any month may end with a leap second.
  constexpr std::size_t longest_table = std::size_t{1} << 20;
  if (const auto table = read_file(leap_table_path, longest_table))
    options.leaps = parse_leap_table(*table);
  return options;
}

class Loop {
 public:
  Loop(LoopOptions options, Notify notify, UniqueFd signals)
      : options_(std::move(options)), signals_(std::move(signals)), reporter_(std::move(notify)) {}

  Result<void> open(const Settings& settings);
  Result<void> run();

 private:
  Result<void> wait();
  bool take_signals();
  void reload();
  void take(const PulseRecord& record);
  void take(const GpsdRecord& record);
  void tick(const Reading& at);
  void feed(const Event& event);
  void send(const Sample& sample);
  void record(const std::string& line);
  [[nodiscard]] Health health(MonotonicTime now) const;

  LoopOptions options_;
  Settings settings_;
  UniqueFd signals_;
  Reporter reporter_;
  GpsdReportParser reports_;
  std::optional<LastSecond> last_second_;
  std::optional<Bridge> bridge_;
  std::unique_ptr<GpsdStream> gpsd_;
  std::unique_ptr<PulseFeed> pulses_;
  std::unique_ptr<Sink> sink_;
  Jitter jitter_;

  bool pulses_open_ = false;
  std::string pulse_trouble_;
  std::optional<int> sink_code_;  // what the last send gave
  SystemTime state_since_{};
  MonotonicTime next_tick_{};
};

/// Opens everything as `settings` say; nothing is changed when that fails.
Result<void> Loop::open(const Settings& settings) {
  TRY(auto sink, open_sink(settings.sink));
  sink_ = std::move(sink);
  sink_code_.reset();
  if (bridge_) {
    const auto now = read_clocks();
    reporter_.finish(health(now.monotonic), now);
  }
  reporter_.begin(settings.status_file, settings.state_folder, settings.history_days);
  settings_ = settings;
  last_second_.emplace(settings.state_folder);
  const auto chosen = bridge_options(settings, *last_second_);
  bridge_.emplace(chosen);
  gpsd_ = std::make_unique<GpsdStream>(settings.gpsd);
  pulses_open_ = false;
  pulses_ = open_pulse_feed(settings.pulse);
  const auto at = read_clocks();
  state_since_ = at.system;
  next_tick_ = at.monotonic;
  record(log_start(at, chosen));
  log(Priority::notice, fmt::format("pulses from {}, the time from gpsd at {}:{}, samples to {}",
                                    name_of(settings.pulse), settings.gpsd.host, settings.gpsd.port,
                                    name_of(settings.sink)));
  return {};
}

Result<void> Loop::run() {
  reporter_.systemd().ready();
  for (;;) {
    TRY(wait());
    const auto take_any = [this](const auto& record) { take(record); };
    pulses_->drain(take_any);
    gpsd_->drain(take_any, read_clocks().monotonic);
    const auto now = read_clocks().monotonic;
    gpsd_->tick(now, take_any);
    pulses_->tick(now, take_any);
    if (now >= next_tick_ - tick_slack) tick(read_clocks());
    if (!take_signals()) break;
  }
  reporter_.systemd().stopping();
  const auto at = read_clocks();
  reporter_.finish(health(at.monotonic), at);
  if (const auto& sample = bridge_->last_sample())
    if (auto kept = last_second_->keep(sample->second, true); !kept)
      log(Priority::warning, kept.error().message);
  log(Priority::notice, "stopped as asked");
  return {};
}

Result<void> Loop::wait() {
  std::array<pollfd, 3> fds{
      {{signals_.get(), POLLIN, 0}, {pulses_->fd(), POLLIN, 0}, {gpsd_->fd(), POLLIN, 0}}};
  const bool retrying = fds[1].fd < 0 || fds[2].fd < 0;
  auto patience =
      std::max(nanoseconds{0}, difference(next_tick_ + tick_slack, read_clocks().monotonic));
  if (retrying) patience = std::min(patience, retry_interval);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(patience);
  if (poll(fds.data(), fds.size(), static_cast<int>(milliseconds.count())) < 0 && errno != EINTR)
    return fail(errno, "poll");
  return {};
}

/// False when asked to stop.
bool Loop::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo != SIGHUP) return false;
    reload();
  }
  return true;
}

void Loop::reload() {
  const auto now = read_clocks().monotonic;
  reporter_.systemd().reloading(now);
  // Who reloads watches the log.
  reporter_.release_log(now);
  const auto settings = read_settings(options_.settings_path, options_.settings_must_exist);
  if (!settings) {
    log(Priority::warning,
        "settings not taken over, the old ones stay in force: " + settings.error().message);
  } else if (*settings == settings_) {
    log(Priority::notice, "settings read again: nothing changed");
  } else if (const auto opened = open(*settings); !opened) {
    log(Priority::warning,
        "settings not taken over, the old ones stay in force: " + opened.error().message);
  }
  reporter_.systemd().ready();
}

void Loop::take(const PulseRecord& record) {
  switch (record.kind) {
    case PulseRecord::Kind::pulse:
      feed({read_clocks(), record.pulse});
      break;
    case PulseRecord::Kind::opened:
      pulses_open_ = true;
      pulse_trouble_.clear();
      reporter_.note(
          Subject::pulses,
          {name_of(settings_.pulse) + ": open" + (record.words.empty() ? "" : "; " + record.words)},
          read_clocks().monotonic);
      break;
    case PulseRecord::Kind::lost:
      pulse_trouble_ = record.words;
      if (std::exchange(pulses_open_, false)) feed({read_clocks(), PpsLost{}});
      break;
  }
}

void Loop::take(const GpsdRecord& record) {
  switch (record.kind) {
    case GpsdRecord::Kind::line: {
      const auto at = read_clocks();
      if (options_.recorder) this->record(log_gpsd_line(at, record.line));
      const auto report = reports_.parse(record.line);
      feed({at, report});
      // Of the receiver that is followed, and no other.
      if (const auto* sky = std::get_if<SkyReport>(&report);
          sky && !sky->satellites.empty() && sky->device == bridge_->receiver().device())
        reporter_.take(sky->satellites);
      break;
    }
    case GpsdRecord::Kind::opened:
      reporter_.note(Subject::gpsd, {record.words}, read_clocks().monotonic);
      break;
    case GpsdRecord::Kind::lost:
      feed({read_clocks(), GpsdLost{}});
      break;
  }
}

void Loop::tick(const Reading& at) {
  next_tick_ = at.monotonic + tick_interval;
  feed({at, Tick{read_clock_status()}});
  if (const auto& sample = bridge_->last_sample(); sample && bridge_->state() == State::locked)
    if (auto kept = last_second_->keep(sample->second, false); !kept)
      log(Priority::warning, kept.error().message);
  reporter_.tick(health(at.monotonic), at);
}

void Loop::feed(const Event& event) {
  if (options_.recorder && !std::holds_alternative<GpsdReport>(event.what))
    record(log_event(event));
  const auto step = bridge_->step(event);
  if (step.decision) {
    std::optional<nanoseconds> jitter;
    if (const auto* sample = std::get_if<Sample>(&*step.decision)) {
      send(*sample);
      jitter = jitter_.take(*sample);
    }
    reporter_.take(*step.decision, jitter);
  }
  if (!step.state) return;
  state_since_ = event.at.system;
  reporter_.changed(health(event.at.monotonic), event.at);
}

void Loop::send(const Sample& sample) {
  const int code = sink_->send(sample);
  if (sink_code_ == code) return;
  sink_code_ = code;
  LogLine line{"chronyd takes the samples (" + name_of(settings_.sink) + ")"};
  if (code != 0) line = {describe_sink_failure(settings_.sink, code), true};
  reporter_.note(Subject::sink, std::move(line), read_clocks().monotonic);
}

void Loop::record(const std::string& line) {
  if (!options_.recorder) return;
  if (auto appended = options_.recorder->append(line); !appended)
    log(Priority::warning, appended.error().message);
}

Health Loop::health(MonotonicTime now) const {
  Health health;
  health.state = bridge_->state();
  health.since = state_since_;
  health.obstacle = bridge_->reason_against(now);
  health.message_delay = bridge_->message_delay();
  health.suspected_rollovers = bridge_->suspected_rollovers();
  health.pulses_come = bridge_->pulses_come(now);
  health.counters = &bridge_->counters();
  health.jitter = &jitter_;
  health.last_sample = bridge_->last_sample();
  health.gpsd_connected = bridge_->receiver().connected();
  if (!health.gpsd_connected) health.gpsd_trouble = gpsd_->trouble();
  health.device = bridge_->receiver().device();
  health.fix_mode = bridge_->receiver().fix_mode();
  health.satellites_used = bridge_->receiver().satellites_used();
  health.pulse_source = name_of(settings_.pulse);
  health.pulse_source_open = pulses_open_;
  health.pulse_trouble = pulse_trouble_;
  health.sink = name_of(settings_.sink);
  health.latency = settings_.latency;
  health.lateness = settings_.lateness;
  health.lateness_share = bridge_->lateness().share();
  if (sink_code_) health.sink_takes = *sink_code_ == 0;
  if (sink_code_ && *sink_code_ != 0)
    health.sink_trouble = describe_sink_failure(settings_.sink, *sink_code_);
  return health;
}

}  // namespace

Result<void> run_loop(LoopOptions options, Notify notify) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  // A reader of the log that went away is no reason to end.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_ERR) return fail(errno, "signal");
  if (const int code = pthread_sigmask(SIG_BLOCK, &signals, nullptr))
    return fail(code, "pthread_sigmask");
  UniqueFd fd{signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!fd) return fail(errno, "signalfd");
  const auto settings = options.settings;
  Loop loop{std::move(options), std::move(notify), std::move(fd)};
  TRY(loop.open(settings));
  return loop.run();
}

}  // namespace ntsbox::driver
