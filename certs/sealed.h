#pragma once
// A backup under a passphrase: scrypt (RFC 7914) and AES-256-GCM.

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/secret.h"

namespace ntsbox::certs {

/// Bytes that cannot be read without the passphrase. Fails on an empty one, and without randomness.
[[nodiscard]] Result<std::string> seal(std::string_view plain, std::string_view passphrase);

/// Fails when `sealed` is no such thing, was changed in any bit, or the passphrase is another; the
/// last two cannot be told apart.
[[nodiscard]] Result<Secret> unseal(std::string_view sealed, std::string_view passphrase);

}  // namespace ntsbox::certs
