#pragma once
// Makes the certificate by which clients know a server, and its key.

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "certs/names.h"
#include "certs/secret.h"

namespace ntsbox::certs {

enum class KeyKind { p256, ed25519 };

/// When something is issued. Nothing is while the clock is earlier than `floor`, the date of the
/// release: a server without a clock would make a certificate that is long expired.
struct Moment {
  UtcSecond now;
  UtcSecond floor;
  bool narrow_time = false;  // time_t has 32 bits: nothing lasts beyond 2037
};

struct Issued {
  std::string certificate;  // PEM
  Secret key;               // PEM, PKCS#8
};

/// A self-signed certificate to be trusted as it is: CA:FALSE, so that its key, if it leaks, signs
/// for nobody else (RFC 5280 §4.2.1.9); digitalSignature for TLS 1.3; serverAuth; every name in the
/// SAN (RFC 9525); 128 random bits of serial number; valid from before the release, for ten years.
/// Fails on bad names and on a clock that is not set.
[[nodiscard]] Result<Issued> issue_pin(const Names& names, KeyKind kind, const Moment& moment);

}  // namespace ntsbox::certs
