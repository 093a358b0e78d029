#pragma once
// The keys and certificates of this server, what it hands out of them, and the passphrase of those
// that leave it encrypted.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "certs/sealed.h"
#include "provision/core/bundle.h"
#include "provision/core/identity.h"
#include "provision/core/settings.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// The identities that stand there.
[[nodiscard]] Result<Pki> read_pki(System& system);

/// What a Stratum 2 machine is to trust, under the server's primary name: the first of the
/// settings' that the certificate in service has, or its own first. Fails when --name asks for one
/// that it has not.
[[nodiscard]] Result<Bundle> server_bundle(System& system, const std::string& settings_path,
                                           const Flags& flags, UtcSecond now);

/// The first line of `file`; when that is empty it is asked for on the terminal, without echo. A
/// `fresh` one is asked for twice, and refused when it is short. An interrupt is a failure.
[[nodiscard]] Result<std::string> passphrase(const std::string& file, bool fresh);

}  // namespace ntsbox::provision
