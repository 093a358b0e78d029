#pragma once
// Asking a machine what the checks want to know.

#include <string>

#include "provision/core/bundle.h"
#include "provision/core/checks.h"
#include "provision/core/settings.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

struct Inquiry {
  bool live = true;     // the root is this machine
  bool deeper = false;  // for doctor
  std::string settings_path;
  Flags flags;
  UtcSecond now{};
};

/// All but the proof. What cannot be asked is left out of the evidence; the checks know what that
/// means.
[[nodiscard]] Result<Evidence> gather(System& system, const Inquiry& inquiry);

/// What changes while the daemons start.
void refresh(System& system, UtcSecond now, Evidence& evidence);

/// The handshake of the box with itself, with the very certificates that it hands out. Takes up to
/// 15 s.
void add_proof(System& system, const Inquiry& inquiry, Evidence& evidence);

/// Asks the server for authenticated time, trusting `bundle` alone. The clock is left as it is, and
/// nothing is changed.
[[nodiscard]] Result<Proof> prove(System& system, const Bundle& bundle,
                                  const ProofRequest& request);

}  // namespace ntsbox::provision
