#include <linux/ptp_clock.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <vector>

#include "driver/core/phc_time.h"
#include "driver/io/pulse_device.h"

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

// A clock that is further off than any year of this century has a time that fits no reading.
nanoseconds time_of(const ptp_clock_time& time) {
  constexpr std::int64_t longest = 4'000'000'000;
  return seconds{std::clamp<std::int64_t>(time.sec, -longest, longest)} + nanoseconds{time.nsec};
}

// Doubled each time, up to an hour.
constexpr nanoseconds first_patience = 10s;

class PhcDevice final : public PulseDevice {
 public:
  PhcDevice(const PhcSource& source, DeviceSystem& system)
      : PulseDevice(system, source.path), source_(source) {}

  PhcDevice(const PhcDevice&) = delete;
  PhcDevice& operator=(const PhcDevice&) = delete;
  /// Makes the clock stamp no more edges, and releases its pin.
  ~PhcDevice() override;

  Result<void> choose_channel();
  Result<std::vector<PhcReading>> readings();
  Result<void> start();
  Result<std::optional<Pulse>> fetch(nanoseconds patience) override;

  using PulseDevice::is_open;

 private:
  Result<std::optional<Pulse>> after_silence(nanoseconds patience);
  int set_pin(unsigned function);
  int request(unsigned flags);

  PhcSource source_;
  unsigned pins_ = 0;  // that can be chosen from
  unsigned channel_ = 0;
  bool started_ = false;
  PhcEdges edges_{false};
  PhcTime time_;
  nanoseconds silence_{};
  nanoseconds patience_ = first_patience;  // of silence, before the edges are requested again
  std::uint64_t sequence_ = 0;
};

PhcDevice::~PhcDevice() {
  if (!started_) return;
  request(0);
  set_pin(PTP_PF_NONE);
}

Result<void> PhcDevice::choose_channel() {
  ptp_clock_caps capabilities{};
  if (ioctl(PTP_CLOCK_GETCAPS, &capabilities) != 0) return trouble(source_, "", errno);
  if (capabilities.n_ext_ts < 1) return fail(source_.path + ": this clock stamps no pulses");
  const auto channels = static_cast<unsigned>(capabilities.n_ext_ts);
  pins_ = static_cast<unsigned>(std::max(capabilities.n_pins, 0));
  const auto count = pins_ > 0 ? pins_ : channels;
  if (source_.pin >= count)
    return fail(source_.path + ": has no pin " + std::to_string(source_.pin) +
                ": they are numbered from 0 to " + std::to_string(count - 1));
  // Without pins that can be chosen, each channel has its own.
  if (pins_ == 0) {
    channel_ = source_.pin;
    return {};
  }
  // The kernel would take a channel away from the pin that has it, without a word to its program.
  std::vector<bool> taken(channels);
  for (unsigned i = 0; i < pins_; ++i) {
    ptp_pin_desc pin{};
    pin.index = i;
    if (ioctl(PTP_PIN_GETFUNC2, &pin) != 0) return trouble(source_, "", errno);
    if (i != source_.pin && pin.func == PTP_PF_EXTTS && pin.chan < channels) taken[pin.chan] = true;
  }
  const auto free = std::ranges::find(taken, false);
  if (free == taken.end())
    return fail(source_.path + ": other pins have all that this clock can stamp: end the program " +
                "that uses them, or echo '0 0' to their files in /sys/class/ptp");
  channel_ = static_cast<unsigned>(free - taken.begin());
  return {};
}

int PhcDevice::set_pin(unsigned function) {
  ptp_pin_desc pin{};
  pin.index = source_.pin;
  pin.func = function;
  pin.chan = channel_;
  return pins_ == 0 ? 0 : ioctl(PTP_PIN_SETFUNC2, &pin);
}

int PhcDevice::request(unsigned flags) {
  ptp_extts_request wanted{};
  wanted.index = channel_;
  wanted.flags = flags;
  return ioctl(PTP_EXTTS_REQUEST2, &wanted);
}

Result<void> PhcDevice::start() {
  if (set_pin(PTP_PF_EXTTS) != 0)
    return trouble(source_, "pin " + std::to_string(source_.pin) + " takes no pulses: ", errno);
  constexpr unsigned strictly = PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS;
  const bool rising = source_.edge == CaptureEdge::assert;
  bool both = false;
  if (request(strictly | (rising ? PTP_RISING_EDGE : PTP_FALLING_EDGE)) != 0) {
    if (errno != EOPNOTSUPP || request(strictly | PTP_EXTTS_EDGES) != 0) {
      const int code = errno;
      if (!started_) set_pin(PTP_PF_NONE);
      return trouble(source_, "", code);
    }
    both = true;
    note_ =
        "it stamps both edges of a pulse, which must be longer than 2 ms and shorter than 0.4 s";
  }
  started_ = true;
  edges_ = PhcEdges{both};
  return {};
}

Result<std::vector<PhcReading>> PhcDevice::readings() {
  ptp_sys_offset_precise both{};  // not all hardware can
  if (ioctl(PTP_SYS_OFFSET_PRECISE2, &both) == 0) {
    const SystemTime at{time_of(both.sys_realtime)};
    return std::vector<PhcReading>{{at, time_of(both.device), at}};
  }
  ptp_sys_offset_extended taken{};
  taken.n_samples = readings_an_edge;
  if (ioctl(PTP_SYS_OFFSET_EXTENDED2, &taken) != 0)
    return trouble(source_, "cannot be read beside the system clock: ", errno);
  std::vector<PhcReading> found;
  for (const auto& [before, phc, after] : taken.ts)
    if (found.size() < readings_an_edge)
      found.push_back({SystemTime{time_of(before)}, time_of(phc), SystemTime{time_of(after)}});
  return found;
}

/// A network card that is set up again forgets the request for edges without an error.
Result<std::optional<Pulse>> PhcDevice::after_silence(nanoseconds patience) {
  silence_ += patience;
  if (silence_ < patience_) return std::nullopt;
  silence_ = 0ns;
  patience_ = std::min<nanoseconds>(2 * patience_, 1h);
  TRY(start());
  return std::nullopt;
}

Result<std::optional<Pulse>> PhcDevice::fetch(nanoseconds patience) {
  const int ready = wait(patience);
  if (ready == 0) return after_silence(patience);
  ptp_extts_event edge{};
  const auto size = ready < 0 ? -1 : read(&edge, sizeof edge);
  if (size < 0) {
    if (errno == EINTR || errno == EAGAIN) return std::nullopt;
    return trouble(source_, "", errno);
  }
  if (size != static_cast<long>(sizeof edge)) return fail(source_.path + ": half an edge was read");
  if (edge.index != channel_) return std::nullopt;
  silence_ = 0ns;
  patience_ = first_patience;
  const auto stamp = time_of(edge.t);
  if (!edges_.counts(stamp)) return std::nullopt;
  TRY(const auto beside, readings());
  const auto at = time_.at(stamp, beside);
  if (!at) return std::nullopt;
  return Pulse{*at, ++sequence_};
}

}  // namespace

Result<std::unique_ptr<PulseDevice>> open_phc_device(const PhcSource& source,
                                                     DeviceSystem& system) {
  auto device = std::make_unique<PhcDevice>(source, system);
  if (!device->is_open()) return trouble(source, "", errno);
  TRY(device->choose_channel());
  TRY(device->readings());
  TRY(device->start());
  return device;
}

}  // namespace ntsbox::driver
