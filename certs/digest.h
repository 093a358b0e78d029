#pragma once

#include <string>
#include <string_view>

namespace ntsbox::certs {

/// SHA-256 (FIPS 180-4) of `bytes`, as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// The same as certificates' fingerprints are written: "AB:CD:...", 95 letters.
[[nodiscard]] std::string sha256_colons(std::string_view bytes);

}  // namespace ntsbox::certs
