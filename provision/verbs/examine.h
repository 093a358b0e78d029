#pragma once
// What verify and doctor share.

#include "provision/core/finding.h"
#include "provision/io/evidence.h"
#include "provision/io/interrupt.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {

[[nodiscard]] Inquiry inquiry_for(const Context& context, bool deeper);

/// Prints the findings; verify_failed when one of them failed.
ExitCode tell(Context& context, const Findings& findings);

}  // namespace ntsbox::provision
