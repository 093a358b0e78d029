#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "driver/core/settings.h"
#include "driver/io/files.h"
#include "driver/io/reporter.h"

namespace ntsbox::driver {

struct LoopOptions {
  Settings settings;
  std::string settings_path;
  bool settings_must_exist = false;
  std::optional<Recorder> recorder;
};

/// Waits for pulses, gpsd's lines, signals and the tick of each second, and hands them to the
/// bridge in the order in which it saw them, until SIGTERM or SIGINT; SIGHUP reads the settings
/// again. One thread owns all state; to be called before there is another, since it blocks these
/// signals.
Result<void> run_loop(LoopOptions options, Notify notify);

}  // namespace ntsbox::driver
