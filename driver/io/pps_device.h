#pragma once
// The kernel's PPS device (RFC 2783; linux/pps.h). Its parameters belong to everybody who has it
// open, so they are read and judged, never set.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "contract/pulse_source.h"
#include "driver/io/pulse_device.h"

namespace ntsbox::driver {

class PpsDevice final : public PulseDevice {
 public:
  /// Fails, in words with the cure, when there is no such device, no permission, or when it does
  /// not capture the edge that is wanted. `system` must outlive the device.
  static Result<std::unique_ptr<PulseDevice>> open(const PpsSource& source, DeviceSystem& system);

  /// Waits in whole jiffies, at least one. Each edge is given once by its sequence number (RFC 2783
  /// §3.4.3).
  Result<std::optional<Pulse>> fetch(nanoseconds patience) override;

  [[nodiscard]] const std::string& note() const override { return note_; }

 private:
  PpsDevice(const PpsSource& source, DeviceSystem& system)
      : source_(source), device_(system, system.open(source.path.c_str())) {}

  Result<void> judge();

  PpsSource source_;
  DeviceDescriptor device_;
  std::optional<std::uint32_t> sequence_;
  std::string note_;
};

}  // namespace ntsbox::driver
