#include "pps/io/outputs.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "posix/file.h"
#include "pps/io/generator.h"
#include "sim/io/sockets.h"

namespace ntsbox::pps {
namespace {

constexpr std::int64_t most_lines = 65535;

constexpr char shapes[] =
    ": an output is gpio:NAME (as gpio:GPIO17), gpio:/dev/gpiochipN:LINE, serial:DEVICE:dtr, "
    "serial:DEVICE:rts or stream:PATH";

/// The rest of `text` after `head`; empty when it does not begin so.
std::optional<std::string_view> after(std::string_view text, std::string_view head) {
  if (!text.starts_with(head)) return std::nullopt;
  return text.substr(head.size());
}

std::optional<Output> gpio(std::string_view text) {
  const auto colon = text.rfind(':');
  if (!text.starts_with('/')) {
    if (text.empty() || colon != std::string_view::npos) return std::nullopt;
    return GpioOutput{std::string{text}, "", 0};
  }
  if (colon == std::string_view::npos) return std::nullopt;
  const auto offset = number_in(text.substr(colon + 1), 0, most_lines);
  if (!offset) return std::nullopt;
  return GpioOutput{"", std::string{text.substr(0, colon)}, static_cast<unsigned>(*offset)};
}

std::optional<Output> serial(std::string_view text) {
  const auto colon = text.rfind(':');
  if (!text.starts_with('/') || colon == std::string_view::npos) return std::nullopt;
  const auto pin = text.substr(colon + 1);
  if (pin != "dtr" && pin != "rts") return std::nullopt;
  return SerialOutput{std::string{text.substr(0, colon)},
                      pin == "dtr" ? SerialOutput::Pin::dtr : SerialOutput::Pin::rts};
}

/// DTR or RTS of a serial port, set by the driver of the port.
class SerialLine final : public PulseLine {
 public:
  SerialLine(std::string device, UniqueFd fd, int bit)
      : device_(std::move(device)), fd_(std::move(fd)), bit_(bit) {}

  Result<Edge> raise(Timekeeper& clock) override {
    Edge edge{clock.now(), {}};
    TRY(set(TIOCMBIS));
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

/// A pulse stream, whose stamps are readings of the clock.
class StreamLine final : public PulseLine {
 public:
  explicit StreamLine(sim::PulseServer server) : server_(std::move(server)) {}

  Result<Edge> raise(Timekeeper& clock) override {
    const auto stamp = clock.now();
    server_.send(stamp, ++sequence_);
    return Edge{stamp, stamp};  // no line to set
  }

  Result<void> lower() override { return {}; }

  void watch(std::vector<pollfd>& polled) const override { server_.watch(polled); }

  void serve() override { server_.serve(); }

 private:
  sim::PulseServer server_;
  std::uint32_t sequence_ = 0;
};

}  // namespace

Result<Output> parse_output(std::string_view text) {
  std::optional<Output> found;
  if (const auto line = after(text, "gpio:")) found = gpio(*line);
  if (const auto line = after(text, "serial:")) found = serial(*line);
  if (const auto path = after(text, "stream:"); path && path->starts_with('/'))
    found = StreamOutput{std::string{*path}};
  if (!found) return fail(std::string{text} + shapes);
  return *std::move(found);
}

Result<std::unique_ptr<PulseLine>> open_serial(const SerialOutput& output) {
  // O_NONBLOCK: opening must not wait for a carrier.
  UniqueFd fd{::open(output.device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) return fail(errno, output.device);
  auto line = std::make_unique<SerialLine>(
      output.device, std::move(fd), output.pin == SerialOutput::Pin::dtr ? TIOCM_DTR : TIOCM_RTS);
  TRY(line->lower());
  return line;
}

Result<std::unique_ptr<PulseLine>> open_stream(const StreamOutput& output) {
  TRY(auto server, sim::PulseServer::listen(output.path));
  return std::make_unique<StreamLine>(std::move(server));
}

Result<std::unique_ptr<PulseLine>> open_line(const Output& output) {
  if (const auto* gpio = std::get_if<GpioOutput>(&output)) return open_gpio(*gpio);
  if (const auto* serial = std::get_if<SerialOutput>(&output)) return open_serial(*serial);
  return open_stream(std::get<StreamOutput>(output));
}

}  // namespace ntsbox::pps
