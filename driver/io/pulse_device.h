#pragma once
// A device of the kernel that stamps edges: a PPS device, or a pin of a PTP hardware clock.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "contract/pulse_source.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// The system calls that such a device takes, so that a test can simulate a kernel. They fail as
/// the calls do: -1 and errno.
class DeviceSystem {
 public:
  virtual ~DeviceSystem() = default;
  /// To read and write or, where that is not allowed, to read.
  virtual int open(const char* path);
  virtual int ioctl(int fd, unsigned long request, void* argument);
  /// Until there is something to read, at most `patience`: whether there is (1 or 0).
  virtual int wait(int fd, nanoseconds patience);
  virtual long read(int fd, void* into, std::size_t size);
  virtual void close(int fd);

  static DeviceSystem& real();
};

class PulseDevice {
 public:
  PulseDevice(const PulseDevice&) = delete;
  PulseDevice& operator=(const PulseDevice&) = delete;
  virtual ~PulseDevice();

  /// Waits for the next edge, at most about `patience`. Empty when none came. Fails, with a message
  /// and a hint, when the device is gone. Each edge is returned once.
  virtual Result<std::optional<Pulse>> fetch(nanoseconds patience) = 0;

  /// What an owner should know of the device; "" when there is nothing.
  [[nodiscard]] const std::string& note() const { return note_; }

 protected:
  PulseDevice(DeviceSystem& system, const std::string& path)
      : system_(system), fd_(system.open(path.c_str())) {}

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  int ioctl(unsigned long request, void* argument) { return system_.ioctl(fd_, request, argument); }

  int wait(nanoseconds patience) { return system_.wait(fd_, patience); }

  long read(void* into, std::size_t size) { return system_.read(fd_, into, size); }

  std::string note_;

 private:
  DeviceSystem& system_;
  int fd_;
};

/// The kernel's PPS device (RFC 2783; linux/pps.h). Its parameters are shared by all programs that
/// have it open, so they are read and checked, never set. Fails, with a message and a hint, when
/// there is no such device, no permission, or when it does not capture the wanted edge. Each edge
/// is returned once by its sequence number (RFC 2783 §3.4.3). `system` must outlive the device.
[[nodiscard]] Result<std::unique_ptr<PulseDevice>> open_pps_device(const PpsSource& source,
                                                                   DeviceSystem& system);

/// A PTP hardware clock (PHC) that stamps the pulse itself, at a pin (linux/ptp_clock.h): such a
/// stamp has no interrupt latency. The clock is read and never set; its pin is made to stamp edges
/// for as long as the device lives. Fails, with a message and a hint, when there is no such clock,
/// no permission, when it stamps no edges at that pin, or when other pins use all that it can
/// stamp.
///
/// The kernel counts no such edges: the sequence is that of those returned, from 1 on. An edge that
/// does not count, or has no time of the system clock, is not returned (phc_time.h). Where another
/// program reads the same clock, older kernels give each edge to one of both, and fetch() may wait
/// for the next one longer than its patience. `system` must outlive the device.
[[nodiscard]] Result<std::unique_ptr<PulseDevice>> open_phc_device(const PhcSource& source,
                                                                   DeviceSystem& system);

}  // namespace ntsbox::driver
