#pragma once
// The identity of a server: its key and its certificate. Over the years there are three: the one in
// service, the one that follows it, and the one before. Clients get the next one before it is
// activated: the owner switches once all of them have it.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "certs/names.h"
#include "provision/core/paths.h"

namespace ntsbox::provision {

/// All four are PEM, or empty where there is none.
struct Identity {
  std::string key{};
  std::string certificate{};
  std::string authority{};  // the CA that signed it; empty: clients trust the certificate itself
  std::string request{};    // for a CA elsewhere to sign

  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Pki {
  Identity current, next, previous;
};

/// The files of an identity, in pki_folder, next_folder or previous_folder.
struct IdentityFile {
  const char* name;
  std::string Identity::*content;
  unsigned mode;
  bool secret;
};

inline constexpr IdentityFile identity_files[] = {
    {"server.key", &Identity::key, 0600, true},
    {"server.crt", &Identity::certificate, 0644, false},
    {"ca.crt", &Identity::authority, 0644, false},
    {"server.csr", &Identity::request, 0644, false}};

/// What clients must trust, each once: of the identity in service and of the one that follows it.
/// The one before is not among them: it may have been given up because its key was stolen. Nor is
/// one that has expired at `now`, when there is another.
[[nodiscard]] std::vector<std::string> trust_set(const Pki& pki, UtcSecond now);

/// Fails with the reason unless chronyd can serve with it at `now`: a key and its certificate, the
/// certificate valid, signed by the authority where there is one.
[[nodiscard]] Result<void> fit_to_serve(const Identity& identity, UtcSecond now);

/// `pending`, a key and a request, with what a CA elsewhere made of it: `signed_chain` holds the
/// certificate and then the CA's. Fails unless that can be served at `now` under all of `names`.
[[nodiscard]] Result<Identity> completed(const Identity& pending, std::string_view signed_chain,
                                         const certs::Names& names, UtcSecond now);

/// Whether every client of `current` already trusts `next`.
[[nodiscard]] bool known_to_clients(const Identity& current, const Identity& next);

}  // namespace ntsbox::provision
