#pragma once
// The passphrase of a encrypted file: from a file, or asked for on the terminal.

#include <string>

#include "base/result.h"
#include "certs/secret.h"

namespace ntsbox::provision {

/// The first line of `file`; when that is empty it is asked for on the terminal, without echo. A
/// `fresh` one is asked for twice, and refused when it is short. An interrupt is a failure.
[[nodiscard]] Result<certs::Secret> passphrase(const std::string& file, bool fresh);

}  // namespace ntsbox::provision
