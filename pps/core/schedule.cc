#include "pps/core/schedule.h"

namespace ntsbox::pps {

SystemTime Schedule::next(SystemTime now) const {
  return SystemTime{std::chrono::ceil<seconds>(now.time_since_epoch() + spin + ready_before)};
}

}  // namespace ntsbox::pps
