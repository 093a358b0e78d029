#include "driver/io/pulse_thread.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>
#include <type_traits>

#include "driver/io/phc_device.h"
#include "driver/io/pps_device.h"

namespace ntsbox::driver {
namespace {

constexpr nanoseconds patience = 250ms;
constexpr nanoseconds between_attempts = 500ms;

/// A record on its way through the pipe, where it stays whole (PIPE_BUF).
struct Parcel {
  PulseRecord::Kind kind;
  std::int64_t stamp;
  std::uint64_t sequence;
  std::array<char, 256> words;
};

static_assert(std::is_trivially_copyable_v<Parcel> && sizeof(Parcel) <= PIPE_BUF);

Result<std::unique_ptr<PulseDevice>> open_device(const PulseSource& source, DeviceSystem& system) {
  if (const auto* clock = std::get_if<PhcSource>(&source)) return PhcDevice::open(*clock, system);
  return PpsDevice::open(std::get<PpsSource>(source), system);
}

}  // namespace

DeviceSystem& PulseThread::real_system() {
  static DeviceSystem system;
  return system;
}

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
      told_.clear();
      hand_over(PulseRecord::Kind::opened, {}, (*device)->note());
      watch(**device);
    } else {
      report_loss(device.error().message);
    }
    for (auto waited = 0ns; waited < between_attempts && !stop_; waited += patience)
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

void PulseThread::report_loss(const std::string& words) {
  if (words == told_) return;
  told_ = words;
  hand_over(PulseRecord::Kind::lost, {}, words);
}

/// A loop that does not read for minutes loses what comes meanwhile: it would be too old to use.
void PulseThread::hand_over(PulseRecord::Kind kind, const Pulse& pulse, const std::string& words) {
  Parcel parcel{kind, pulse.stamp.time_since_epoch().count(), pulse.sequence, {}};
  std::copy_n(words.begin(), std::min(words.size(), parcel.words.size() - 1), parcel.words.begin());
  (void)!::write(writer_.get(), &parcel, sizeof parcel);
}

void PulseThread::drain(const Take& take) {
  Parcel parcel{};
  while (::read(reader_.get(), &parcel, sizeof parcel) == sizeof parcel)
    take({parcel.kind,
          {SystemTime{nanoseconds{parcel.stamp}}, parcel.sequence},
          parcel.words.data()});
}

}  // namespace ntsbox::driver
