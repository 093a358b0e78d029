#pragma once
// What a machine is: a live one, or an image in which nothing runs. Both are read from the same
// files, so that an image and the machine made of it get the same plan.

#include "base/result.h"
#include "base/time.h"
#include "provision/core/facts.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// `now` is what the clock says. Fails on a file that is there and cannot be read.
[[nodiscard]] Result<Facts> inspect(System& system, UtcSecond now);

}  // namespace ntsbox::provision
