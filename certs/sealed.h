#pragma once
// How a backup is encrypted under a passphrase: as a CMS message (RFC 5083, RFC 3211), which
// `openssl cms -decrypt` opens without this program.

#include <string>
#include <string_view>

#include "base/result.h"

namespace ntsbox::certs {

/// Bytes that cannot be read without the passphrase: CMS AuthEnvelopedData in DER, AES-256-GCM, its
/// key wrapped under PBKDF2 of the passphrase. Fails on an empty one, and on more than 64 MiB.
[[nodiscard]] Result<std::string> seal(std::string_view plain, std::string_view passphrase);

/// Also opens the format before CMS. Gives what was sealed, or fails: `sealed` is
/// no such thing, its content was changed, or the passphrase is another; the last two look the
/// same.
[[nodiscard]] Result<std::string> unseal(std::string_view sealed, std::string_view passphrase);

}  // namespace ntsbox::certs
