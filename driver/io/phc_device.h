#pragma once
// A PTP hardware clock (PHC) that stamps the pulse itself, at a pin (linux/ptp_clock.h): no
// interrupt's latency is in such a stamp. The clock is read and never set.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/pulse_source.h"
#include "driver/core/phc_time.h"
#include "driver/io/pulse_device.h"

namespace ntsbox::driver {

class PhcDevice final : public PulseDevice {
 public:
  /// Doubled each time, up to an hour.
  static constexpr nanoseconds first_patience = 10s;

  /// Has the pin take pulses. Fails, in words with the cure, when there is no such clock, no
  /// permission, when it stamps no edges there, or when other pins have all that it can stamp.
  /// `system` must outlive the device.
  static Result<std::unique_ptr<PulseDevice>> open(const PhcSource& source, DeviceSystem& system);

  PhcDevice(const PhcDevice&) = delete;
  PhcDevice& operator=(const PhcDevice&) = delete;
  /// Has the clock stamp no more edges, and lets its pin go.
  ~PhcDevice() override;

  /// The kernel counts no such edges: the sequence is that of those given, from 1 on. An edge that
  /// does not count, or has no time of the system's, is not given (phc_time.h). Where another
  /// program reads the same clock, older kernels give each edge to one of both, and this may wait
  /// for the next one longer than `patience`.
  Result<std::optional<Pulse>> fetch(nanoseconds patience) override;

  [[nodiscard]] const std::string& note() const override { return note_; }

 private:
  PhcDevice(const PhcSource& source, DeviceSystem& system)
      : source_(source), device_(system, system.open(source.path.c_str())) {}

  Result<void> choose_channel();
  Result<void> start();
  /// A network card that is set up anew forgets what it was asked for, and says nothing.
  Result<std::optional<Pulse>> after_silence(nanoseconds patience);
  int set_pin(unsigned function);
  int request(unsigned flags);
  Result<std::vector<PhcReading>> readings();

  PhcSource source_;
  DeviceDescriptor device_;
  unsigned pins_ = 0;  // that can be chosen from
  unsigned channel_ = 0;
  bool started_ = false;
  PhcEdges edges_{false};
  PhcTime time_;
  nanoseconds silence_{};
  nanoseconds patience_ = first_patience;  // of silence, before the edges are asked for again
  std::uint64_t sequence_ = 0;
  std::string note_;
};

}  // namespace ntsbox::driver
