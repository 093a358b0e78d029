#pragma once
// Where edges come from, for a poll(2) loop: a device of the kernel or a pulse stream.

#include <functional>
#include <memory>
#include <string>

#include "contract/pulse_source.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

struct PulseRecord {
  enum class Kind { pulse, opened, lost };
  Kind kind = Kind::pulse;
  Pulse pulse;
  std::string words;  // opened: what is worth knowing; lost: what happened and what to do
};

class PulseFeed {
 public:
  using Take = std::function<void(const PulseRecord&)>;

  virtual ~PulseFeed() = default;

  /// What to poll for POLLIN now; -1 while there is nothing to wait for.
  [[nodiscard]] virtual int fd() const = 0;
  /// Takes what is there, without blocking. A loss is told once, also one before the source ever
  /// opened.
  virtual void drain(const Take& take) = 0;
  /// What time alone brings about: attempts to open. To be called about once a second.
  virtual void tick(MonotonicTime now, const Take& take) = 0;
};

[[nodiscard]] std::unique_ptr<PulseFeed> open_pulse_feed(const PulseSource& source);

}  // namespace ntsbox::driver
