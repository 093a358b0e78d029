#pragma once
// The kernel's PPS device (RFC 2783; linux/pps.h). Its parameters belong to everybody who has it
// open, so they are read and judged, never set.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "driver/core/event.h"
#include "driver/core/pulse_source.h"

namespace ntsbox::driver {

/// The system calls that a PPS device takes, so that a test can stand in for a kernel that has
/// none.
class PpsSystem {
 public:
  virtual ~PpsSystem() = default;
  virtual int open(const char* path);
  virtual int ioctl(int fd, unsigned long request, void* argument);
  virtual void close(int fd);
};

class PpsDevice {
 public:
  /// Fails, in words with the cure, when there is no such device, no permission, or when it does
  /// not capture the edge that is wanted. `system` must outlive the device.
  static Result<PpsDevice> open(const PpsSource& source, PpsSystem& system);

  PpsDevice(PpsDevice&& other) noexcept;
  PpsDevice& operator=(PpsDevice&&) = delete;
  PpsDevice(const PpsDevice&) = delete;
  PpsDevice& operator=(const PpsDevice&) = delete;
  ~PpsDevice();

  /// Waits for the next edge, at most about `patience` (whole jiffies, at least one). Empty when
  /// none came. Fails when the device is gone. Each edge is given once (RFC 2783 §3.4.3, by its
  /// sequence number).
  Result<std::optional<Pulse>> fetch(nanoseconds patience);

  /// What an owner should know of the device's parameters; "" when there is nothing.
  [[nodiscard]] const std::string& note() const { return note_; }

 private:
  PpsDevice(const PpsSource& source, PpsSystem& system, int fd)
      : source_(source), system_(&system), fd_(fd) {}

  Result<void> judge();

  PpsSource source_;
  PpsSystem* system_;
  int fd_;
  std::optional<std::uint32_t> sequence_;
  std::string note_;
};

}  // namespace ntsbox::driver
