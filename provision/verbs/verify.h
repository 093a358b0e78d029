#pragma once
// What verify and doctor share.

#include <chrono>

#include "posix/stop.h"
#include "provision/core/finding.h"
#include "provision/io/evidence.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {

/// What the daemons need from their start: gpsd up to 10 s for its receiver, ntsboxd ten to agree
/// with it.
inline constexpr seconds starting{60};

/// Verify's findings. A daemon whose state changed within `patience` is given as long again.
[[nodiscard]] Result<Findings> verified(Context& context, seconds patience);

[[nodiscard]] Inquiry inquiry_for(const Context& context, bool deeper);

[[nodiscard]] ExitCode exit_code_of(const Findings& findings);

/// Prints the findings; verify_failed when one of them failed.
ExitCode tell(Context& context, const Findings& findings);

}  // namespace ntsbox::provision
