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
#include "contract/constants.h"
#include "provision/core/facts.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

inline constexpr char pki_certificate[] = "/etc/ntsbox/pki/server.crt";
inline constexpr char pki_key[] = "/etc/ntsbox/pki/server.key";
inline constexpr char pki_cure[] =
    "Where chronyd still serves well: cp /etc/chrony/nts/server.crt /etc/ntsbox/pki/server.crt "
    "(the key stands first in /etc/chrony/nts/server.key); else ntsbox-provision restore, from a "
    "backup";
inline constexpr char pki_authority[] = "/etc/ntsbox/pki/ca.crt";  // where a CA signs
inline constexpr char next_folder[] = "/etc/ntsbox/pki/next";  // of a rotation, before the switch
inline constexpr char previous_folder[] = "/etc/ntsbox/pki/previous";  // and after it

inline constexpr char served_folder[] = "/etc/chrony/nts";
// What chronyd reads: key and certificate in one file, so that no cut parts them.
inline constexpr char served_pair[] = "/etc/chrony/nts/server.key";
using contract::served_certificate;  // a copy for those who need no key

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

/// A new key and the certificate that it signs itself, valid from `facts.now`.
[[nodiscard]] Result<Identity> self_signed(const certs::Names& names, certs::KeyKind kind,
                                           const Facts& facts);

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

/// The names of the next certificate: the settings', else those of the one in service, whatever the
/// machine is called now, else the machine's own.
[[nodiscard]] Result<certs::Names> names_to_come(const Settings& settings, const Facts& facts,
                                                 const Identity& current);

/// Adds the identity's files in `folder` to `plan`, and that the others are absent.
void put_identity(Plan& plan, const std::string& folder, const Identity& identity,
                  const std::string& why);

/// The folder of what chronyd reads, closed to all others.
[[nodiscard]] Resource served_folder_resource();

/// Adds what chronyd serves to `plan`: key and certificate in one file, and the certificate by
/// itself.
void put_served(Plan& plan, const Identity& identity);

/// Makes `next` the one that follows; an empty one is forgotten. What is in service stays.
[[nodiscard]] Plan prepare_plan(const Identity& next);

/// Puts `next` in service and keeps `current`: chronyd restarts with it. One generation, so that a
/// run that is cut short is rolled back.
[[nodiscard]] Plan switch_plan(const Identity& current, const Identity& next);

}  // namespace ntsbox::provision
