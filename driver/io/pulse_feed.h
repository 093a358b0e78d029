#pragma once
// Where edges come from, for a poll(2) loop: a device of the kernel or a pulse stream.

#include <functional>
#include <memory>
#include <string>

#include "contract/pulse_source.h"
#include "driver/core/event.h"
#include "driver/io/pulse_device.h"

namespace ntsbox::driver {

struct PulseRecord {
  enum class Kind { pulse, opened, lost };
  Kind kind = Kind::pulse;
  Pulse pulse;
  std::string words;  // opened: the note of the device; lost: what happened and what to do
};

class PulseFeed {
 public:
  using Take = std::function<void(const PulseRecord&)>;

  virtual ~PulseFeed() = default;

  /// What to poll for POLLIN now; -1 while there is nothing to wait for.
  [[nodiscard]] virtual int fd() const = 0;
  /// Takes what is there, without blocking. A loss is reported once, also one before the source
  /// ever opened.
  virtual void drain(const Take& take) = 0;
  /// Tries to open what is closed. To be called about once a second.
  virtual void tick(MonotonicTime now, const Take& take) = 0;
};

/// Opens the source now and again, whenever it went away. `system` must outlive the feed.
///
/// A device has a thread that waits in the kernel for the next edge and hands it over, since older
/// kernels report a PPS device as always readable. The thread ends within a quarter of a second; of
/// a PTP clock that another program reads too, perhaps at its next edge only.
///
/// A pulse stream (docs/event-log.md) is a Unix stream socket on which another program, which must
/// run as root or as this user, writes a line an edge. The connection is dropped at the first line
/// of another kind.
[[nodiscard]] std::unique_ptr<PulseFeed> open_pulse_feed(
    const PulseSource& source, DeviceSystem& system = DeviceSystem::real());

}  // namespace ntsbox::driver
