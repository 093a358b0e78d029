#include "driver/io/pulse_feed.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "driver/core/lines.h"
#include "posix/file.h"

namespace ntsbox::driver {
namespace {

constexpr nanoseconds patience = 250ms;
constexpr nanoseconds between_openings = 500ms;

/// A record in the pipe, which transfers it whole (PIPE_BUF).
struct Parcel {
  PulseRecord::Kind kind;
  std::int64_t stamp;
  std::uint64_t sequence;
  std::array<char, 256> message;
};

static_assert(std::is_trivially_copyable_v<Parcel> && sizeof(Parcel) <= PIPE_BUF);

Result<std::unique_ptr<PulseDevice>> open_device(const PulseSource& source, DeviceSystem& system) {
  if (const auto* clock = std::get_if<PhcSource>(&source)) return open_phc_device(*clock, system);
  return open_pps_device(std::get<PpsSource>(source), system);
}

class PulseThread final : public PulseFeed {
 public:
  PulseThread(PulseSource source, DeviceSystem& system);
  ~PulseThread() override;
  PulseThread(const PulseThread&) = delete;
  PulseThread& operator=(const PulseThread&) = delete;

  [[nodiscard]] int fd() const override { return reader_.get(); }

  void drain(const Take& take) override;

  void tick(MonotonicTime /*now*/, const Take& /*take*/) override {}

 private:
  void run();
  void watch(PulseDevice& device);
  void hand_over(PulseRecord::Kind kind, const Pulse& pulse, const std::string& message);
  void report_loss(const std::string& message);

  PulseSource source_;
  DeviceSystem& system_;
  UniqueFd reader_;
  UniqueFd writer_;
  std::string reported_;  // the loss as last reported; used by the thread alone
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

PulseThread::PulseThread(PulseSource source, DeviceSystem& system)
    : source_(std::move(source)), system_(system) {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "pipe");
  reader_ = UniqueFd{ends[0]};
  writer_ = UniqueFd{ends[1]};
  thread_ = std::thread{[this] { run(); }};
}

PulseThread::~PulseThread() {
  stop_ = true;
  thread_.join();
}

void PulseThread::run() {
  while (!stop_) {
    const auto device = open_device(source_, system_);
    if (device) {
      reported_.clear();
      hand_over(PulseRecord::Kind::opened, {}, (*device)->note());
      watch(**device);
    } else {
      report_loss(device.error().message);
    }
    for (auto waited = 0ns; waited < between_openings && !stop_; waited += patience)
      std::this_thread::sleep_for(patience);
  }
}

/// Until the device is gone.
void PulseThread::watch(PulseDevice& device) {
  while (!stop_) {
    const auto edge = device.fetch(patience);
    if (!edge) return report_loss(edge.error().message);
    if (*edge) hand_over(PulseRecord::Kind::pulse, **edge, "");
  }
}

void PulseThread::report_loss(const std::string& message) {
  if (message == reported_) return;
  reported_ = message;
  hand_over(PulseRecord::Kind::lost, {}, message);
}

/// When the loop does not read for minutes, later records are lost: they would be too old to use.
void PulseThread::hand_over(PulseRecord::Kind kind, const Pulse& pulse,
                            const std::string& message) {
  Parcel parcel{kind, pulse.stamp.time_since_epoch().count(), pulse.sequence, {}};
  std::copy_n(message.begin(), std::min(message.size(), parcel.message.size() - 1),
              parcel.message.begin());
  (void)!::write(writer_.get(), &parcel, sizeof parcel);
}

void PulseThread::drain(const Take& take) {
  Parcel parcel{};
  while (::read(reader_.get(), &parcel, sizeof parcel) == sizeof parcel)
    take({parcel.kind,
          {SystemTime{nanoseconds{parcel.stamp}}, parcel.sequence},
          parcel.message.data()});
}

constexpr nanoseconds between_connections = 1s;
constexpr char is_it_running[] = ": is the program that sends the pulses running?";

class PulseStream final : public PulseFeed {
 public:
  explicit PulseStream(const std::string& path)
      : path_(path), name_("stream:" + path), framer_(longest_pulse_line) {}

  [[nodiscard]] int fd() const override { return socket_.get(); }

  void drain(const Take& take) override;
  void tick(MonotonicTime now, const Take& take) override;

 private:
  [[nodiscard]] Result<UniqueFd> connect() const;
  void lose(const std::string& message, const Take& take);

  std::string path_, name_;
  UniqueFd socket_;
  LineFramer framer_;
  std::optional<MonotonicTime> tried_;
  std::string reported_;  // the loss as last reported; "" while connected
};

void PulseStream::tick(MonotonicTime now, const Take& take) {
  if (socket_ || (tried_ && difference(now, *tried_) < between_connections)) return;
  tried_ = now;
  auto connected = connect();
  if (!connected) return lose(connected.error().message, take);
  socket_ = std::move(*connected);
  framer_.reset();
  reported_.clear();
  take({PulseRecord::Kind::opened, {}, ""});
}

Result<UniqueFd> PulseStream::connect() const {
  TRY(const auto address, unix_address(path_));
  UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return fail(errno, path_);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(name_ + ": " + std::generic_category().message(errno) + is_it_running);
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return fail(errno, path_);
  if (peer.uid != 0 && peer.uid != geteuid())
    return fail(name_ + ": not believed, since it runs as user " + std::to_string(peer.uid) +
                ", neither root nor the user of ntsboxd");
  return socket;
}

void PulseStream::drain(const Take& take) {
  bool malformed = false;
  std::array<char, 4096> bytes;
  while (socket_ && !malformed) {
    const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return lose(name_ + ": " + std::generic_category().message(errno), take);
    if (got == 0) return lose(name_ + ": the program that sends the pulses went away", take);
    const auto overlong = framer_.overlong();
    framer_.feed({bytes.data(), static_cast<std::size_t>(got)}, [&](std::string_view line) {
      const auto pulse = malformed ? std::nullopt : parse_pulse_line(line);
      malformed = !pulse;
      if (pulse) take({PulseRecord::Kind::pulse, *pulse, ""});
    });
    malformed = malformed || framer_.overlong() != overlong;
  }
  if (malformed) lose(name_ + ": sent a line that is not \"SECONDS.NNNNNNNNN SEQUENCE\"", take);
}

/// Reports it once, and not again while attempts to connect fail.
void PulseStream::lose(const std::string& message, const Take& take) {
  socket_.reset();
  if (!std::exchange(reported_, message).empty()) return;
  take({PulseRecord::Kind::lost, {}, message});
}

}  // namespace

std::unique_ptr<PulseFeed> open_pulse_feed(const PulseSource& source, DeviceSystem& system) {
  if (const auto* stream = std::get_if<StreamSource>(&source))
    return std::make_unique<PulseStream>(stream->path);
  return std::make_unique<PulseThread>(source, system);
}

}  // namespace ntsbox::driver
