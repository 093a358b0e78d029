#include <linux/pps.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "driver/io/pulse_device.h"

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

Result<std::unique_ptr<PulseDevice>> open_pps_device(const PpsSource& source,
                                                     DeviceSystem& system) {
  auto device = std::make_unique<PpsDevice>(source, system);
  if (!device->is_open()) return trouble(source, errno);
  if (const auto checked = device->check_parameters(); !checked)
    return tl::unexpected(checked.error());
  return device;
}

}  // namespace ntsbox::driver
