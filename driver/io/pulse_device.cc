#include "driver/io/pulse_device.h"

#include <fcntl.h>
#include <linux/pps.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace ntsbox::driver {
namespace {

std::string cure_for(int code) {
  if (code == ENOENT) return " (is the pps-gpio overlay loaded, or ldattach running?)";
  if (code == EACCES)
    return " (a udev rule must give PPS devices to the user that ntsboxd runs as)";
  if (code == ENOTTY) return " (is it a PPS device at all?)";
  return "";
}

tl::unexpected<Error> trouble(const PpsSource& source, int code) {
  return fail(source.path + ": " + std::generic_category().message(code) + cure_for(code));
}

nanoseconds time_of(const pps_ktime& time) {
  return seconds{time.sec} + nanoseconds{time.nsec};
}

class PpsDevice final : public PulseDevice {
 public:
  PpsDevice(const PpsSource& source, DeviceSystem& system)
      : PulseDevice(system, source.path), source_(source) {}

  /// Fails when it cannot be used.
  Result<void> check_parameters();

  /// Waits in whole jiffies, at least one.
  Result<std::optional<Pulse>> fetch(nanoseconds patience) override;

  using PulseDevice::is_open;

 private:
  PpsSource source_;
  std::optional<std::uint32_t> sequence_;
};

Result<void> PpsDevice::check_parameters() {
  int capabilities = 0;
  pps_kparams parameters{};
  if (ioctl(PPS_GETCAP, &capabilities) != 0) return trouble(source_, errno);
  if (ioctl(PPS_GETPARAMS, &parameters) != 0) return trouble(source_, errno);
  const bool rising = source_.edge == CaptureEdge::assert;
  const int wanted = rising ? PPS_CAPTUREASSERT : PPS_CAPTURECLEAR;
  if ((capabilities & PPS_CANWAIT) == 0)
    return fail(source_.path + ": cannot wait for edges (no PPS_CANWAIT)");
  if ((parameters.mode & wanted) == 0)
    return fail(source_.path + ": does not capture the " + (rising ? "assert" : "clear") +
                " edge: choose the other one in [pulse] edge, or see whether another program set "
                "its parameters");
  const auto shift = time_of(rising ? parameters.assert_off_tu : parameters.clear_off_tu);
  if ((parameters.mode & (rising ? PPS_OFFSETASSERT : PPS_OFFSETCLEAR)) != 0 && shift != 0ns)
    note_ = "its stamps are shifted by " + std::to_string(shift.count()) +
            " ns, which another program has set";
  return {};
}

Result<std::optional<Pulse>> PpsDevice::fetch(nanoseconds patience) {
  pps_fdata data{};
  data.timeout.sec = std::chrono::floor<seconds>(patience).count();
  data.timeout.nsec = static_cast<std::int32_t>((patience % 1s).count());
  if (ioctl(PPS_FETCH, &data) != 0) {
    if (errno == ETIMEDOUT || errno == EINTR) return std::nullopt;
    return trouble(source_, errno);
  }
  const bool rising = source_.edge == CaptureEdge::assert;
  const std::uint32_t sequence = rising ? data.info.assert_sequence : data.info.clear_sequence;
  const auto stamp = time_of(rising ? data.info.assert_tu : data.info.clear_tu);
  // The other edge wakes as well; a zero stamp is an edge that never came.
  if (sequence_ == sequence || stamp == 0ns) return std::nullopt;
  sequence_ = sequence;
  return Pulse{SystemTime{stamp}, sequence};
}

}  // namespace

int DeviceSystem::open(const char* path) {
  // Reading a PPS device needs no right to write; the kernel's older text asks for O_RDWR all the
  // same.
  const int fd = ::open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  return fd >= 0 || errno != EACCES ? fd : ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

int DeviceSystem::ioctl(int fd, unsigned long request, void* argument) {
  return ::ioctl(fd, request, argument);
}

int DeviceSystem::wait(int fd, nanoseconds patience) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(patience / 1ms));
}

long DeviceSystem::read(int fd, void* into, std::size_t size) {
  return ::read(fd, into, size);
}

void DeviceSystem::close(int fd) {
  ::close(fd);
}

DeviceSystem& DeviceSystem::real() {
  static DeviceSystem system;
  return system;
}

PulseDevice::~PulseDevice() {
  if (is_open()) system_.close(fd_);
}

Result<std::unique_ptr<PulseDevice>> open_pps_device(const PpsSource& source,
                                                     DeviceSystem& system) {
  auto device = std::make_unique<PpsDevice>(source, system);
  if (!device->is_open()) return trouble(source, errno);
  TRY(device->check_parameters());
  return device;
}

}  // namespace ntsbox::driver
