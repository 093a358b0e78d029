#pragma once
// What a machine is: a live one, or an image in which nothing runs. Both are read from the same
// files, so that an image and the machine made of it get the same plan. And the evidence of the
// checks.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/bundle.h"
#include "provision/core/checks.h"
#include "provision/core/facts.h"
#include "provision/core/settings.h"
#include "provision/core/trust_plan.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// `now`: what the clock shows. Fails on a file that is there and cannot be read.
[[nodiscard]] Result<Facts> inspect(System& system, UtcSecond now);

/// What there is on a machine that takes its time from the server called `server`.
[[nodiscard]] Result<ClientFacts> inspect_client(System& system, const std::string& server);

struct Inquiry {
  bool live = true;     // the root is this machine
  bool deeper = false;  // for doctor
  std::string settings_path;
  Flags flags;
  UtcSecond now{};
};

/// All but the proof. What cannot be asked is left out of the evidence.
[[nodiscard]] Result<Evidence> gather(System& system, const Inquiry& inquiry);

/// What changes while the daemons start.
void refresh(System& system, UtcSecond now, Evidence& evidence);

/// The handshake of the server with itself, with the very certificates that it hands out. Takes up
/// to 15 s.
void add_proof(System& system, const Inquiry& inquiry, Evidence& evidence);

/// Asks the server for authenticated time, trusting `bundle` alone. The clock is left as it is, and
/// nothing is changed.
[[nodiscard]] Result<Proof> prove(System& system, const Bundle& bundle,
                                  const ProofRequest& request);

}  // namespace ntsbox::provision
