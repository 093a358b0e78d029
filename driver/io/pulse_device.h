#pragma once
// A device of the kernel that stamps edges, for a thread that waits for them.

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// The system calls that such a device takes, so that a test can stand in for a kernel that has
/// none. They fail as the calls do: -1 and errno.
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
};

class PulseDevice {
 public:
  virtual ~PulseDevice() = default;

  /// Waits for the next edge, at most about `patience`. Empty when none came. Fails, in words with
  /// the cure, when the device is gone. Each edge is given once.
  virtual Result<std::optional<Pulse>> fetch(nanoseconds patience) = 0;

  /// What an owner should know of the device; "" when there is nothing.
  [[nodiscard]] virtual const std::string& note() const = 0;
};

/// An open descriptor, closed by the system that opened it.
class DeviceDescriptor {
 public:
  DeviceDescriptor(DeviceSystem& system, int fd) : system_(system), fd_(fd) {}

  DeviceDescriptor(const DeviceDescriptor&) = delete;
  DeviceDescriptor& operator=(const DeviceDescriptor&) = delete;

  ~DeviceDescriptor() {
    if (fd_ >= 0) system_.close(fd_);
  }

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  int ioctl(unsigned long request, void* argument) { return system_.ioctl(fd_, request, argument); }

  int wait(nanoseconds patience) { return system_.wait(fd_, patience); }

  long read(void* into, std::size_t size) { return system_.read(fd_, into, size); }

 private:
  DeviceSystem& system_;
  int fd_;
};

}  // namespace ntsbox::driver
