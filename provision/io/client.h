#pragma once
// What there is on a machine that takes its time from a server.

#include <string>

#include "base/result.h"
#include "provision/core/proof.h"
#include "provision/core/trust.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

[[nodiscard]] Result<ClientFacts> inspect_client(System& system, const std::string& box);

/// Asks the server for authenticated time, trusting `bundle` alone. The clock is left as it is, and
/// nothing is changed.
[[nodiscard]] Result<Proof> prove(System& system, const Bundle& bundle,
                                  const ProofRequest& request);

}  // namespace ntsbox::provision
