#include "driver/io/gpsd_stream.h"

#include <fmt/format.h>
#include <gps.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/json.h"
#include "base/result.h"
#include "driver/core/gpsd_report.h"
#include "posix/file.h"

namespace ntsbox::driver {

/// An attempt to connect. Its thread shares it, and so may outlive the stream: connect(2) cannot be
/// called back. What it then brings is closed with the last of the two.
struct GpsdStream::Attempt {
  UniqueFd ready;  // eventfd: readable once there is an outcome
  std::promise<Result<GpsdConnection>> promise;
  std::future<Result<GpsdConnection>> outcome = promise.get_future();
};

namespace {

constexpr std::size_t chunk = std::size_t{16} << 10;
constexpr int chunks_a_drain = 4;
constexpr nanoseconds overlong_window = 10s;

// Functions and not objects: a thread that hangs in an attempt may outlive those at the program's
// end.
std::string look_at_it() {
  return " (systemctl status gpsd)";
}

std::string restart_it() {
  return " (systemctl restart gpsd)";
}

std::string watch_request(const GpsdSettings& settings) {
  // "pps" brings TOFF, which nothing else does (gpsd.c, notify_watchers).
  auto text = std::string{R"(?WATCH={"enable":true,"json":true,"nmea":true,"pps":true)"};
  if (!settings.device.empty()) text += R"(,"device":)" + json_quote(settings.device);
  return text + "};\n";
}

std::string words_of(const GpsdSettings& settings) {
  const bool colons = settings.host.find(':') != std::string::npos;  // an address of IPv6
  return fmt::format("gpsd at {}:{}", colons ? "[" + settings.host + "]" : settings.host,
                     settings.port);
}

/// `code` is what gps_open leaves in errno: one of its own, below 0, or the system's.
std::string why_not_opened(int code) {
  if (code == NL_NOCONNECT) return "nobody accepts the connection: is gpsd running?" + look_at_it();
  const std::string words = code < 0 ? gps_errstr(code) : std::generic_category().message(code);
  return words + ": is [gpsd] host right?";
}

/// gps_open() asks getprotobyname(3), whose answer is one for all threads, so they take turns. One
/// that hangs is long past it: the next one does not wait for its end.
std::mutex opening;

std::unique_lock<std::mutex> turn() {
  std::unique_lock lock{opening, std::try_to_lock};
  for (int i = 0; i < 20 && !lock; ++i) {
    std::this_thread::sleep_for(50ms);
    (void)lock.try_lock();
  }
  return lock;
}

/// A signal is for the loop's thread; and SIGPIPE, from a gpsd that hangs up at once, for nobody.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// In a thread of its own: the name's look-up and connect(2) block, for minutes when the host is
/// dead or gpsd is stopped with a full backlog.
Result<GpsdConnection> open_connection(const GpsdSettings& settings) {
  const auto port = std::to_string(settings.port);
  auto gps = std::make_unique<gps_data_t>();
  {
    const auto held = turn();
    if (gps_open(settings.host.c_str(), port.c_str(), gps.get()) != 0)
      return fail(why_not_opened(errno));
  }
  GpsdConnection connection{gps.release()};
  if (gps_send(connection.get(), "%s", watch_request(settings).c_str()) != 0)
    return fail("hung up at once: is it gpsd that listens there?" + look_at_it());
  return connection;
}

}  // namespace

void GpsdCloser::operator()(gps_data_t* gps) const {
  gps_close(gps);
  delete gps;
}

GpsdStream::GpsdStream(GpsdSettings settings)
    : settings_(std::move(settings)),
      name_(words_of(settings_)),
      framer_(GpsdReportParser::max_line),
      random_(std::random_device{}()) {}

GpsdStream::~GpsdStream() = default;

int GpsdStream::fd() const {
  if (attempt_) return attempt_->ready.get();
  return connection_ ? connection_->gps_fd : -1;
}

void GpsdStream::drain(const Take& take, MonotonicTime now) {
  if (attempt_) take_over(now, take);
  if (connection_) receive(now, take);
}

void GpsdStream::tick(MonotonicTime now, const Take& take) {
  const auto passed = difference(now, since_);
  if (attempt_) {
    if (passed >= longest_attempt)
      lose("no answer to the connection for 10 s: is the machine up, is gpsd hung?" + restart_it(),
           now, take);
  } else if (connection_) {
    if (passed >= silence)
      lose("gpsd says nothing, though it was asked: is it hung?" + restart_it(), now, take);
    else if (passed >= silence / 2 && !asked_)
      ask_for_an_answer();
  } else if (now >= next_attempt_) {
    begin_attempt(now, take);
  }
}

void GpsdStream::begin_attempt(MonotonicTime now, const Take& take) {
  since_ = now;
  auto attempt = std::make_shared<Attempt>();
  attempt->ready = UniqueFd{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!attempt->ready) return lose("eventfd: " + std::generic_category().message(errno), now, take);
  try {
    std::thread{[attempt, settings = settings_] {
      block_all_signals();
      attempt->promise.set_value(open_connection(settings));
      eventfd_write(attempt->ready.get(), 1);
    }}.detach();
  } catch (const std::system_error& error) {
    return lose(std::string{"no thread: "} + error.what(), now, take);
  }
  attempt_ = std::move(attempt);
}

void GpsdStream::take_over(MonotonicTime now, const Take& take) {
  if (attempt_->outcome.wait_for(0s) != std::future_status::ready) return;
  auto outcome = attempt_->outcome.get();
  if (!outcome) return lose(outcome.error().message, now, take);
  attempt_.reset();
  connection_ = std::move(*outcome);
  framer_.reset();
  overlong_seen_ = framer_.overlong();
  overlong_at_.fill(std::nullopt);
  since_ = now;
  asked_ = false;
  has_sent_ = false;
}

/// We read for ourselves: gps_waiting() is true for as long as half a line is buffered, so that a
/// loop would spin, and gps_read() parses each line into 32-bit seconds.
void GpsdStream::receive(MonotonicTime now, const Take& take) {
  std::array<char, chunk> buffer;
  for (int i = 0; i < chunks_a_drain && connection_; ++i) {
    const auto got = ::recv(connection_->gps_fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    // A reset is how the kernel closes for a gpsd that left a request of ours unread.
    if (got == 0 || (got < 0 && errno == ECONNRESET))
      return lose("closed the connection: was gpsd stopped?" + look_at_it(), now, take);
    if (got < 0) return lose(std::generic_category().message(errno) + look_at_it(), now, take);
    framer_.feed({buffer.data(), static_cast<std::size_t>(got)},
                 [&](std::string_view line) { take_line(line, now, take); });
    if (overlong_too_often(now))
      lose("sends lines that are too long for gpsd: is it gpsd that listens there?", now, take);
  }
}

void GpsdStream::take_line(std::string_view line, MonotonicTime now, const Take& take) {
  since_ = now;
  asked_ = false;
  if (!std::exchange(has_sent_, true)) {
    pause_ = shortest_pause;
    loss_reported_ = false;
    trouble_.clear();
    take({GpsdRecord::Kind::opened, {}, name_ + ": connected"});
  }
  take({GpsdRecord::Kind::line, line, {}});
}

/// More than three in the window.
bool GpsdStream::overlong_too_often(MonotonicTime now) {
  bool too_often = false;
  for (; overlong_seen_ != framer_.overlong(); ++overlong_seen_) {
    auto& oldest = overlong_at_[static_cast<std::size_t>(overlong_seen_ % overlong_at_.size())];
    too_often |= oldest && difference(now, *oldest) <= overlong_window;
    oldest = now;
  }
  return too_often;
}

/// gpsd sends nothing while its receiver is silent, and must not be dropped for that: it answers
/// this.
void GpsdStream::ask_for_an_answer() {
  static constexpr std::string_view question = "?VERSION;\n";
  asked_ = true;
  // Not gps_send(), which would raise SIGPIPE here. A failure shows in the next recv().
  (void)::send(connection_->gps_fd, question.data(), question.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void GpsdStream::lose(const std::string& what, MonotonicTime now, const Take& take) {
  attempt_.reset();
  connection_.reset();
  const auto fifth = (pause_ / 5).count();
  std::uniform_int_distribution<std::int64_t> jitter{-fifth, fifth};
  next_attempt_ = now + pause_ + nanoseconds{jitter(random_)};
  pause_ = std::min(pause_ * 2, longest_pause);
  trouble_ = name_ + ": " + what;
  if (!std::exchange(loss_reported_, true)) take({GpsdRecord::Kind::lost, {}, trouble_});
}

}  // namespace ntsbox::driver
