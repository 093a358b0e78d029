#pragma once

// SIGINT, SIGTERM and SIGHUP only set a flag, which a run asks between its steps.

namespace ntsbox::provision {

/// From now on; a lost reader of our output (SIGPIPE) is no reason to end either.
void heed_interrupts();
[[nodiscard]] bool interrupted();

}  // namespace ntsbox::provision
