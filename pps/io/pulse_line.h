#pragma once
// A line that goes up at a second and down again.

#include <poll.h>

#include <memory>
#include <vector>

#include "base/result.h"
#include "pps/core/echo.h"
#include "pps/core/output.h"
#include "pps/io/timekeeper.h"

namespace ntsbox::pps {

class PulseLine {
 public:
  PulseLine() = default;
  PulseLine(const PulseLine&) = delete;
  PulseLine& operator=(const PulseLine&) = delete;
  virtual ~PulseLine() = default;

  /// The clock is read at once before the line goes up, and at once after.
  virtual Result<Edge> raise(Timekeeper& clock) = 0;
  virtual Result<void> lower() = 0;

  /// Adds to `polled` what to wait for between pulses, and takes care of it; a wire needs no care.
  virtual void watch(std::vector<pollfd>& /*polled*/) const {}

  virtual void serve() {}
};

/// Takes the line, and lowers it. Fails, in words, when there is no such line, no permission, or
/// another program has it.
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_line(const Output& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_gpio(const GpioOutput& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_serial(const SerialOutput& output);
[[nodiscard]] Result<std::unique_ptr<PulseLine>> open_stream(const StreamOutput& output);

}  // namespace ntsbox::pps
