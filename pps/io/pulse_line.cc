#include "pps/io/pulse_line.h"

namespace ntsbox::pps {

Result<std::unique_ptr<PulseLine>> open_line(const Output& output) {
  if (const auto* gpio = std::get_if<GpioOutput>(&output)) return open_gpio(*gpio);
  if (const auto* serial = std::get_if<SerialOutput>(&output)) return open_serial(*serial);
  return open_stream(std::get<StreamOutput>(output));
}

}  // namespace ntsbox::pps
