#pragma once
// A PTP hardware clock (PHC) that stamps the pulse itself, at a pin (linux/ptp_clock.h): no
// interrupt's latency is in such a stamp. The clock is read and never set.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/core/phc_time.h"
#include "driver/core/pulse_source.h"
#include "driver/io/pulse_device.h"

namespace ntsbox::driver {

class PhcDevice final : public PulseDevice {
 public:
  /// Has the pin take pulses. Fails, in words with the cure, when there is no such clock, no
  /// permission, or when it stamps no edges there. `system` must outlive the device.
  static Result<std::unique_ptr<PulseDevice>> open(const PhcSource& source, DeviceSystem& system);

  PhcDevice(const PhcDevice&) = delete;
  PhcDevice& operator=(const PhcDevice&) = delete;
  /// Has the clock stamp no more edges.
  ~PhcDevice() override;

  /// The kernel counts no such edges: the sequence is that of those read here, from 1 on. An edge
  /// whose stamp cannot be told in the system's time is not given (phc_time.h).
  Result<std::optional<Pulse>> fetch(nanoseconds patience) override;

  [[nodiscard]] const std::string& note() const override { return note_; }

 private:
  PhcDevice(const PhcSource& source, DeviceSystem& system)
      : source_(source), device_(system, system.open(source.path.c_str())) {}

  Result<void> take_pin();
  Result<void> start();
  int request(unsigned flags);
  Result<std::vector<PhcReading>> readings();

  PhcSource source_;
  DeviceDescriptor device_;
  unsigned channel_ = 0;
  bool at_once_ = true;  // until the hardware says that it cannot read both clocks at once
  std::optional<LeadingEdge> leading_;  // where both edges are stamped
  std::uint64_t sequence_ = 0;
  std::string note_;
};

}  // namespace ntsbox::driver
