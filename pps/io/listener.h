#pragma once
// The pulses of a source, and the comparison of two.

#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/io/pulse_feed.h"
#include "pps/core/report.h"

namespace ntsbox::pps {

/// Keeps the stamps of one source.
class Listener {
 public:
  using Log = std::function<void(const std::string&)>;

  /// attend() opens the source, also after a loss, and logs why it cannot. `log` must outlive the
  /// listener.
  Listener(const PulseSource& source, Log log);

  void watch(std::vector<pollfd>& polled) const { polled.push_back({feed_->fd(), POLLIN, 0}); }

  /// Reads the pulses, or opens the source. Never blocks. To be called at least once a second.
  void attend();

  [[nodiscard]] std::string name() const { return name_; }

  [[nodiscard]] const std::vector<SystemTime>& stamps() const { return stamps_; }

  [[nodiscard]] bool is_open() const { return open_; }

  /// When it was first opened.
  [[nodiscard]] std::optional<SystemTime> opened() const { return opened_; }

  /// When the last pulse came; before the first one, when the listener was made.
  [[nodiscard]] MonotonicTime last_pulse() const { return last_pulse_; }

 private:
  void take(const driver::PulseRecord& record);

  std::string name_;
  Log log_;
  std::unique_ptr<driver::PulseFeed> feed_;
  bool open_ = false;
  std::optional<SystemTime> opened_;
  MonotonicTime last_pulse_;
  std::vector<SystemTime> stamps_;
};

struct ComparerOptions {
  PulseSource a, b;
  nanoseconds span = 60s;      // how long, once both are open
  nanoseconds patience = 10s;  // how long a source may have no pulse
};

struct CompareResult {
  ComparisonReport report;
  std::string failure;  // why it ended early; "" when it did not
};

/// Compares until the time is over, a source has no pulse for longer than `patience`, or the user
/// stops the program.
[[nodiscard]] CompareResult compare_sources(const ComparerOptions& options,
                                            const Listener::Log& log);

}  // namespace ntsbox::pps
