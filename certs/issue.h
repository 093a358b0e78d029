#pragma once
// Makes certificates: that by which clients know a server, and that of an authority for one server,
// whose key is kept somewhere else.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "certs/names.h"
#include "certs/sealed.h"

namespace ntsbox::certs {

enum class KeyKind { p256, ed25519 };

/// When something is issued. Nothing is while the clock is earlier than `released`, the date of the
/// release: a server without a clock would make a certificate that is long expired.
struct Moment {
  UtcSecond now;
  UtcSecond released;
  bool narrow_time = false;  // time_t has 32 bits: nothing lasts beyond 2037
};

struct Issued {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS#8
};

/// A self-signed certificate to be trusted as it is: CA:FALSE, so that its key, if it leaks, signs
/// for nobody else (RFC 5280 §4.2.1.9); digitalSignature for TLS 1.3; serverAuth; every name in the
/// SAN (RFC 9525); 128 random bits of serial number; valid from before the release, for ten years.
/// Fails on bad names and on a clock that is not set.
[[nodiscard]] Result<Issued> issue_pin(const Names& names, KeyKind kind, const Moment& moment);

/// A CA for `server` alone: critical name constraints permit its addresses, its names and, as
/// RFC 5280 §4.2.1.10 has it for host names, every name below them; no CA below it. sign_request()
/// signs for the names themselves alone, but whoever steals the key can sign for all of these.
[[nodiscard]] Result<Issued> issue_ca(const Names& server, KeyKind kind, const Moment& moment);

struct Request {
  std::string request;  // PEM, PKCS#10
  std::string key;      // PEM, PKCS#8
};

[[nodiscard]] Result<Request> make_request(const Names& names, KeyKind kind);

/// SHA-256 of the public key that a request (PEM) is for, as the Summary of what is made of it has
/// it. Fails when the request is not signed by that key.
[[nodiscard]] Result<std::string> request_fingerprint(std::string_view request);

/// The certificate (PEM) that `authority` gives to a request: its key and its names, all else as
/// here, for 397 days at most. Fails when the request is not signed by its own key, asks for a name
/// that is not one of those that issue_ca() was given, or when the authority's certificate and key
/// do not belong together.
[[nodiscard]] Result<std::string> sign_request(std::string_view request, std::string_view authority,
                                               std::string_view authority_key,
                                               const Moment& moment);

}  // namespace ntsbox::certs
