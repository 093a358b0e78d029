#include "driver/io/phc_device.h"

#include <linux/ptp_clock.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace ntsbox::driver {
namespace {

// Each takes microseconds, and over MDIO (a PHY's clock) a tenth of a millisecond.
constexpr unsigned readings_an_edge = 5;

std::string cure_for(int code) {
  if (code == ENOENT) return " (does the network card's driver have a PTP clock? `ethtool -T`)";
  if (code == EACCES || code == EPERM)
    return " (a udev rule must give this clock to the user that ntsboxd runs as)";
  if (code == EBUSY) return " (another program has that pin or channel)";
  if (code == ENOTTY) return " (is it a PTP clock at all?)";
  return "";
}

tl::unexpected<Error> trouble(const PhcSource& source, const std::string& what, int code) {
  return fail(source.path + ": " + what + std::generic_category().message(code) + cure_for(code));
}

nanoseconds time_of(const ptp_clock_time& time) {
  return seconds{time.sec} + nanoseconds{time.nsec};
}

}  // namespace

Result<std::unique_ptr<PulseDevice>> PhcDevice::open(const PhcSource& source,
                                                     DeviceSystem& system) {
  std::unique_ptr<PhcDevice> opened{new PhcDevice{source, system}};
  if (!opened->device_.is_open()) return trouble(source, "", errno);
  if (const auto taken = opened->take_pin(); !taken) return tl::unexpected(taken.error());
  if (const auto started = opened->start(); !started) return tl::unexpected(started.error());
  return opened;
}

PhcDevice::~PhcDevice() {
  if (device_.is_open()) request(0);
}

Result<void> PhcDevice::take_pin() {
  ptp_clock_caps capabilities{};
  if (device_.ioctl(PTP_CLOCK_GETCAPS, &capabilities) != 0) return trouble(source_, "", errno);
  if (capabilities.n_ext_ts < 1) return fail(source_.path + ": this clock stamps no pulses");
  // Without pins that can be chosen, each channel has its own.
  const bool chosen = capabilities.n_pins > 0;
  const auto count = static_cast<unsigned>(chosen ? capabilities.n_pins : capabilities.n_ext_ts);
  if (source_.pin >= count)
    return fail(source_.path + ": has no pin " + std::to_string(source_.pin) +
                ": they are numbered from 0 to " + std::to_string(count - 1));
  if (!chosen) {
    channel_ = source_.pin;
    return {};
  }
  ptp_pin_desc pin{};
  pin.index = source_.pin;
  pin.func = PTP_PF_EXTTS;
  pin.chan = channel_;
  if (device_.ioctl(PTP_PIN_SETFUNC2, &pin) != 0)
    return trouble(source_, "pin " + std::to_string(source_.pin) + " takes no pulses: ", errno);
  return {};
}

int PhcDevice::request(unsigned flags) {
  ptp_extts_request wanted{};
  wanted.index = channel_;
  wanted.flags = flags;
  return device_.ioctl(PTP_EXTTS_REQUEST2, &wanted);
}

Result<void> PhcDevice::start() {
  constexpr unsigned strictly = PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS;
  const bool rising = source_.edge == CaptureEdge::assert;
  if (request(strictly | (rising ? PTP_RISING_EDGE : PTP_FALLING_EDGE)) == 0) return {};
  if (errno != EOPNOTSUPP || request(strictly | PTP_EXTTS_EDGES) != 0)
    return trouble(source_, "", errno);
  leading_.emplace();
  note_ = "it stamps both edges of a pulse, which must be shorter than 0.4 s";
  return {};
}

Result<std::vector<PhcReading>> PhcDevice::readings() {
  if (at_once_) {
    ptp_sys_offset_precise both{};
    if (device_.ioctl(PTP_SYS_OFFSET_PRECISE2, &both) == 0) {
      const SystemTime at{time_of(both.sys_realtime)};
      return std::vector<PhcReading>{{at, time_of(both.device), at}};
    }
    at_once_ = false;
  }
  ptp_sys_offset_extended taken{};
  taken.n_samples = readings_an_edge;
  if (device_.ioctl(PTP_SYS_OFFSET_EXTENDED2, &taken) != 0)
    return trouble(source_, "cannot be read beside the system clock: ", errno);
  std::vector<PhcReading> found;
  for (const auto& [before, phc, after] : taken.ts)
    if (found.size() < readings_an_edge)
      found.push_back({SystemTime{time_of(before)}, time_of(phc), SystemTime{time_of(after)}});
  return found;
}

Result<std::optional<Pulse>> PhcDevice::fetch(nanoseconds patience) {
  const int ready = device_.wait(patience);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return std::nullopt;
  ptp_extts_event edge{};
  const auto size = ready < 0 ? -1 : device_.read(&edge, sizeof edge);
  if (size < 0) {
    if (errno == EINTR || errno == EAGAIN) return std::nullopt;
    return trouble(source_, "", errno);
  }
  if (size != static_cast<long>(sizeof edge)) return fail(source_.path + ": half an edge was read");
  if (edge.index != channel_) return std::nullopt;
  const auto stamp = time_of(edge.t);
  if (leading_ && !leading_->begins_pulse(stamp)) return std::nullopt;
  const auto read = readings();
  if (!read) return tl::unexpected(read.error());
  const auto at = system_time_at(stamp, *read);
  if (!at) return std::nullopt;
  return Pulse{*at, ++sequence_};
}

}  // namespace ntsbox::driver
