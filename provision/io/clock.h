#pragma once

#include "base/time.h"

namespace ntsbox::provision {

/// What this machine's clock shows now, right or wrong.
[[nodiscard]] UtcSecond machine_time();

}  // namespace ntsbox::provision
