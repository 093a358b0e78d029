#include "driver/io/pps_device.h"

#include <fcntl.h>
#include <linux/pps.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

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

}  // namespace

int PpsSystem::open(const char* path) {
  // Reading edges needs no right to write; the kernel's older text asks for O_RDWR all the same.
  const int fd = ::open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
  return fd >= 0 || errno != EACCES ? fd : ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

int PpsSystem::ioctl(int fd, unsigned long request, void* argument) {
  return ::ioctl(fd, request, argument);
}

void PpsSystem::close(int fd) {
  ::close(fd);
}

Result<PpsDevice> PpsDevice::open(const PpsSource& source, PpsSystem& system) {
  const int fd = system.open(source.path.c_str());
  if (fd < 0) return trouble(source, errno);
  PpsDevice device{source, system, fd};
  if (auto judged = device.judge(); !judged) return tl::unexpected(judged.error());
  return device;
}

PpsDevice::PpsDevice(PpsDevice&& other) noexcept
    : source_(std::move(other.source_)),
      system_(other.system_),
      fd_(std::exchange(other.fd_, -1)),
      sequence_(other.sequence_),
      note_(std::move(other.note_)) {}

PpsDevice::~PpsDevice() {
  if (fd_ >= 0) system_->close(fd_);
}

Result<void> PpsDevice::judge() {
  int capabilities = 0;
  pps_kparams parameters{};
  if (system_->ioctl(fd_, PPS_GETCAP, &capabilities) != 0) return trouble(source_, errno);
  if (system_->ioctl(fd_, PPS_GETPARAMS, &parameters) != 0) return trouble(source_, errno);
  const bool rising = source_.edge == CaptureEdge::assert;
  const int wanted = rising ? PPS_CAPTUREASSERT : PPS_CAPTURECLEAR;
  if ((capabilities & PPS_CANWAIT) == 0)
    return fail(source_.path + ": cannot wait for edges (no PPS_CANWAIT)");
  if ((parameters.mode & wanted) == 0)
    return fail(source_.path + ": does not capture the " + (rising ? "assert" : "clear") +
                " edge: choose the other one in [pulse] edge, or see whether another program set "
                "its parameters");
  const bool shifted =
      rising ? (parameters.mode & PPS_OFFSETASSERT) != 0 && time_of(parameters.assert_off_tu) != 0ns
             : (parameters.mode & PPS_OFFSETCLEAR) != 0 && time_of(parameters.clear_off_tu) != 0ns;
  if (shifted)
    note_ = "its stamps are shifted by " +
            std::to_string(
                time_of(rising ? parameters.assert_off_tu : parameters.clear_off_tu).count()) +
            " ns, which another program has set";
  return {};
}

Result<std::optional<Pulse>> PpsDevice::fetch(nanoseconds patience) {
  pps_fdata data{};
  data.timeout.sec = std::chrono::floor<seconds>(patience).count();
  data.timeout.nsec = static_cast<std::int32_t>((patience % 1s).count());
  if (system_->ioctl(fd_, PPS_FETCH, &data) != 0) {
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

}  // namespace ntsbox::driver
