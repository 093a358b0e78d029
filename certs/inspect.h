#pragma once
// Reads and checks certificates, this project's and others'.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox::certs {

/// What a CA may sign certificates for, by its name constraints (RFC 5280 §4.2.1.10). A constraint
/// of another form than those of issue_ca() counts as none.
struct SigningScope {
  std::vector<std::string> hosts;  // canonical; and every name below each of them
  std::vector<std::string> addresses;
  bool any_host = false, any_address = false;  // nothing limits names of that kind
};

struct Summary {
  std::vector<std::string> hosts, addresses;  // of the SAN, canonical
  UtcSecond not_before, not_after;
  bool is_ca = false;
  SigningScope scope;           // of a CA
  bool self_signed = false;     // by its own key
  std::string key;              // "P-256", "Ed25519", or OpenSSL's name and the bits
  std::string fingerprint;      // SHA-256 of the certificate, "AB:CD:..."
  std::string key_fingerprint;  // SHA-256 of its public key (SPKI)
  std::string serial;           // hex
};

/// The certificates in `pem`, each by itself in canonical PEM. Fails unless there is one at least,
/// and nothing else: no text around them, and above all no private key.
[[nodiscard]] Result<std::vector<std::string>> split_chain(std::string_view pem);

/// The first certificate in `pem`. Fails on what split_chain() refuses, and on names that no host
/// can have.
[[nodiscard]] Result<Summary> inspect(std::string_view pem);

/// Whether a client that asks for `name`, a host or an address, will find it in the SAN.
[[nodiscard]] bool covers(const Summary& summary, std::string_view name);

/// Fails unless `key` (PEM) is the certificate's.
[[nodiscard]] Result<void> check_pair(std::string_view certificate, std::string_view key);

/// Fails, with the reason, unless `leaf` can serve at `now` before a client that trusts `authority`
/// alone (both PEM; RFC 5280 §6: signature, dates, constraints).
[[nodiscard]] Result<void> check_chain(std::string_view leaf, std::string_view authority,
                                       UtcSecond now);

/// SHA-256 (FIPS 180-4) of `bytes`, as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// The same as certificates' fingerprints are written: "AB:CD:...", 95 letters.
[[nodiscard]] std::string sha256_colons(std::string_view bytes);

}  // namespace ntsbox::certs
