#pragma once
// A certificate authority for one server, whose key is kept somewhere else.

#include <string>
#include <string_view>

#include "certs/issue.h"

namespace ntsbox::certs {

/// A CA that can sign for `server` alone: critical name constraints permit its names (and what lies
/// below them, as RFC 5280 §4.2.1.10 has it for host names) and its addresses, and no others; no CA
/// below it.
[[nodiscard]] Result<Issued> issue_ca(const Names& server, KeyKind kind, const Moment& moment);

struct Request {
  std::string request;  // PEM, PKCS#10
  Secret key;           // PEM, PKCS#8
};

[[nodiscard]] Result<Request> make_request(const Names& names, KeyKind kind);

/// SHA-256 of the public key that a request (PEM) is for, as the Summary of what is made of it has
/// it. Fails when the request is not signed by that key.
[[nodiscard]] Result<std::string> request_fingerprint(std::string_view request);

/// The certificate (PEM) that `authority` gives to a request: its key and its names, all else as
/// here, for 397 days at most. Fails when the request is not signed by its own key, asks for a name
/// outside of the constraints, or when the authority's certificate and key do not belong together.
[[nodiscard]] Result<std::string> sign_request(std::string_view request, std::string_view authority,
                                               std::string_view authority_key,
                                               const Moment& moment);

}  // namespace ntsbox::certs
