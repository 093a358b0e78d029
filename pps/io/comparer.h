#pragma once
// Listens to two pulse sources for a while.

#include "base/result.h"
#include "pps/core/report.h"
#include "pps/io/listener.h"

namespace ntsbox::pps {

struct ComparerOptions {
  driver::PulseSource a, b;
  nanoseconds span = 60s;      // for how long, once both are open
  nanoseconds patience = 10s;  // for a pulse of either
};

struct Listened {
  ComparisonReport report;
  std::string trouble;  // why it ended before its time; "" when it did not
};

/// Until the time is over, a source keeps silent for longer than patience allows, or it is asked to
/// stop.
[[nodiscard]] Listened listen_to_both(const ComparerOptions& options, const Listener::Say& say);

}  // namespace ntsbox::pps
