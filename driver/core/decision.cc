#include "driver/core/decision.h"

namespace ntsbox::driver {

std::string_view name_of(Reason reason) {
  static constexpr std::array<std::string_view, reason_count> names{
      "clock-range",  "duplicate",    "clock-step",
      "off-beat",     "pulse-rate",   "late",
      "no-gpsd",      "no-receiver",  "several-receivers",
      "no-fix",       "no-second",    "time-mismatch",
      "leap-seconds", "before-floor", "after-ceiling",
      "acquiring",    "ambiguous",    "hold",
      "fault",        "month-end",    "witness"};
  return names[static_cast<std::size_t>(reason)];
}

std::string_view name_of(State state) {
  static constexpr std::array<std::string_view, 5> names{"WAITING", "ACQUIRING", "LOCKED", "HOLD",
                                                         "FAULT"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace ntsbox::driver
