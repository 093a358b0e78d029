#pragma once
// A thread that waits in the kernel for the next edge and hands it over. It decides nothing. Older
// kernels report a PPS device as always readable, so poll(2) cannot wait for one.

#include <atomic>
#include <string>
#include <thread>

#include "driver/io/pulse_device.h"
#include "driver/io/pulse_feed.h"
#include "posix/unique_fd.h"

namespace ntsbox::driver {

class PulseThread final : public PulseFeed {
 public:
  /// Opens the device, which is a source other than a stream, by and by, and again whenever it went
  /// away. `system` must outlive this.
  explicit PulseThread(PulseSource source, DeviceSystem& system = real_system());
  /// Within a quarter of a second; of a PTP clock that another program reads too, perhaps at its
  /// next edge only (phc_device.h).
  ~PulseThread() override;
  PulseThread(const PulseThread&) = delete;
  PulseThread& operator=(const PulseThread&) = delete;

  [[nodiscard]] int fd() const override { return reader_.get(); }

  void drain(const Take& take) override;

  void tick(MonotonicTime /*now*/, const Take& /*take*/) override {}

  static DeviceSystem& real_system();

 private:
  void run();
  void watch(PulseDevice& device);
  void hand_over(PulseRecord::Kind kind, const Pulse& pulse, const std::string& words);
  void report_loss(const std::string& words);

  PulseSource source_;
  DeviceSystem& system_;
  UniqueFd reader_;
  UniqueFd writer_;
  std::string told_;  // the words of the loss as last told; the thread's own
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace ntsbox::driver
