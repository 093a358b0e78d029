#pragma once
// One thread owns all state: it waits for pulses, gpsd's lines, signals and the tick of each
// second, and hands them to the bridge in the order in which it saw them.

#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "driver/core/bridge.h"
#include "driver/core/settings.h"
#include "driver/io/chrony_sink.h"
#include "driver/io/files.h"
#include "driver/io/gpsd_stream.h"
#include "driver/io/pulse_feed.h"
#include "driver/io/reporter.h"
#include "posix/file.h"

namespace ntsbox::driver {

struct LoopOptions {
  Settings settings;
  std::string settings_path;
  bool settings_must_exist = false;
  std::optional<Recorder> recorder;
};

class Loop {
 public:
  /// Blocks the signals that the loop takes (SIGTERM, SIGINT, SIGHUP): to be made before any
  /// thread. Fails in words.
  static Result<std::unique_ptr<Loop>> make(LoopOptions options, Notify notify);

  /// Until SIGTERM or SIGINT.
  Result<void> run();

 private:
  Loop(LoopOptions options, Notify notify, UniqueFd signals);

  Result<void> open(const Settings& settings);
  Result<void> wait();
  bool take_signals();
  void reload();
  void take(const PulseRecord& record);
  void take(const GpsdRecord& record);
  void tick(const Reading& at);
  void feed(const Event& event);
  void send(const Sample& sample);
  void record(const std::string& line);
  [[nodiscard]] Health health(MonotonicTime now) const;

  LoopOptions options_;
  Settings settings_;
  UniqueFd signals_;
  Reporter reporter_;
  GpsdReportParser reports_;
  std::optional<LastSecond> last_second_;
  std::optional<Bridge> bridge_;
  std::unique_ptr<GpsdStream> gpsd_;
  std::unique_ptr<PulseFeed> pulses_;
  std::unique_ptr<Sink> sink_;
  Jitter jitter_;

  bool pulses_open_ = false;
  std::string pulse_trouble_;
  std::optional<int> sink_code_;  // what the last send gave
  SystemTime state_since_{};
  MonotonicTime next_tick_{};
};

}  // namespace ntsbox::driver
