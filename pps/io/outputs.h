#pragma once
// Where the generator's pulses go: a GPIO line, a line of a serial port, or a pulse stream.

#include <poll.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "pps/core/statistics.h"

namespace ntsbox::pps {

class Timekeeper;

/// A GPIO line, by the name that the kernel has for it ("GPIO17" on a Raspberry Pi), or by its chip
/// and number.
struct GpioOutput {
  std::string line;  // its name; "" when it is named by chip and offset
  std::string chip;  // "/dev/gpiochip0"
  unsigned offset = 0;

  friend bool operator==(const GpioOutput&, const GpioOutput&) = default;
};

/// A modem line of a serial port.
struct SerialOutput {
  enum class Pin { dtr, rts };
  std::string device;
  Pin pin = Pin::dtr;

  friend bool operator==(const SerialOutput&, const SerialOutput&) = default;
};

/// A pulse stream (docs/event-log.md) at the socket `path`.
struct StreamOutput {
  std::string path;

  friend bool operator==(const StreamOutput&, const StreamOutput&) = default;
};

using Output = std::variant<GpioOutput, SerialOutput, StreamOutput>;

/// "gpio:GPIO17", "gpio:/dev/gpiochip0:17", "serial:/dev/ttyS0:dtr" (or rts), "stream:/run/p.sock".
/// Fails on any other text.
[[nodiscard]] Result<Output> parse_output(std::string_view text);

/// An output, open.
class PulseLine {
 public:
  PulseLine() = default;
  PulseLine(const PulseLine&) = delete;
  PulseLine& operator=(const PulseLine&) = delete;
  virtual ~PulseLine() = default;

  /// Raises the line, and reads the clock just before and just after.
  virtual Result<Edge> raise(Timekeeper& clock) = 0;
  virtual Result<void> lower() = 0;

  /// Adds the descriptors to wait for between pulses to `polled`; serve() handles them. A wire has
  /// none.
  virtual void watch(std::vector<pollfd>& /*polled*/) const {}

  virtual void serve() {}
};

/// Opens the output and lowers the line. Fails when there is no such line, no permission, or when
/// another program uses it.
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_line(const Output& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_gpio(const GpioOutput& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_serial(const SerialOutput& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_stream(const StreamOutput& output);

}  // namespace ntsbox::pps
