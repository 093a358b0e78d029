#pragma once
// Where pulses are put, as an owner names it.

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace ntsbox::pps {

/// A GPIO line, by the name that the kernel tells for it ("GPIO17" on a Raspberry Pi), or by its
/// chip and number there.
struct GpioOutput {
  std::string line;  // its name; "" when chip and offset tell
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

/// A pulse stream (docs/event-log.md) to listen on: pulses without a wire.
struct StreamOutput {
  std::string path;

  friend bool operator==(const StreamOutput&, const StreamOutput&) = default;
};

using Output = std::variant<GpioOutput, SerialOutput, StreamOutput>;

/// "gpio:GPIO17", "gpio:/dev/gpiochip0:17", "serial:/dev/ttyS0:dtr" (or rts), "stream:/run/p.sock".
/// Fails, in words, on any other text.
[[nodiscard]] Result<Output> parse_output(std::string_view text);

}  // namespace ntsbox::pps
