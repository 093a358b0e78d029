#pragma once
// What a machine is: a live one, or an image in which nothing runs. Both are read from the same
// files, so that an image and the machine made of it get the same plan.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/bundle.h"
#include "provision/core/facts.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// `now`: what the clock shows. Fails on a file that is there and cannot be read.
[[nodiscard]] Result<Facts> inspect(System& system, UtcSecond now);

/// What there is on a machine that takes its time from the server called `server`.
[[nodiscard]] Result<ClientFacts> inspect_client(System& system, const std::string& server);

}  // namespace ntsbox::provision
