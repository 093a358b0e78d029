// DTR or RTS of a serial port, set by the driver of the port.

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "posix/unique_fd.h"
#include "pps/io/pulse_line.h"

namespace ntsbox::pps {
namespace {

class SerialLine final : public PulseLine {
 public:
  SerialLine(std::string device, UniqueFd fd, int bit)
      : device_(std::move(device)), fd_(std::move(fd)), bit_(bit) {}

  Result<Edge> raise(Timekeeper& clock) override {
    Edge edge{clock.now(), {}};
    if (auto done = set(TIOCMBIS); !done) return tl::unexpected(done.error());
    edge.after = clock.now();
    return edge;
  }

  Result<void> lower() override { return set(TIOCMBIC); }

 private:
  Result<void> set(unsigned long request) {
    if (::ioctl(fd_.get(), request, &bit_) != 0)
      return fail(errno, device_ + ": cannot set DTR or RTS");
    return {};
  }

  std::string device_;
  UniqueFd fd_;
  int bit_;
};

}  // namespace

Result<std::unique_ptr<PulseLine>> open_serial(const SerialOutput& output) {
  // Nobody answers on it, so opening must not wait for a carrier.
  UniqueFd fd{::open(output.device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) return fail(errno, output.device);
  auto line = std::make_unique<SerialLine>(
      output.device, std::move(fd), output.pin == SerialOutput::Pin::dtr ? TIOCM_DTR : TIOCM_RTS);
  if (auto lowered = line->lower(); !lowered) return tl::unexpected(lowered.error());
  return line;
}

}  // namespace ntsbox::pps
