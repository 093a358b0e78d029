#pragma once
// Keeps the history: asks what stands beside the pulses, and writes each minute's line.

#include <optional>
#include <string>

#include "driver/core/health.h"
#include "driver/core/history.h"
#include "posix/daily_file.h"

namespace ntsbox::driver {

class Historian {
 public:
  Historian(const std::string& state_folder, int days)
      : file_(state_folder.empty() ? "" : state_folder + "/history", days) {}

  void take(const Decision& decision, std::optional<nanoseconds> jitter) {
    history_.take(decision, jitter);
  }

  void take(std::span<const Satellite> sky) { history_.take(sky); }

  /// Once a second.
  void tick(const Health& health, const Reading& at);
  /// What is left, whether a minute or not: the daemon stops, or begins anew.
  void stop(const Health& health, const Reading& at);

 private:
  void add(const Health& health, const Reading& at);
  void tell(const Result<bool>& written);

  History history_;
  DailyFile file_;
  bool failed_ = false;
};

}  // namespace ntsbox::driver
