#include "driver/io/pulse_device.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace ntsbox::driver {

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

}  // namespace ntsbox::driver
