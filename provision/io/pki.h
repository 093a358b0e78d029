#pragma once
// The certificates that this box hands out.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/bundle.h"
#include "provision/core/settings.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// What a Stratum 2 machine is to trust, under the box's primary name: the first --name, or of the
/// certificate.
[[nodiscard]] Result<Bundle> bundle_of_this_box(System& system, const std::string& settings_path,
                                                const Flags& flags, UtcSecond now);

}  // namespace ntsbox::provision
