#pragma once
// The identities of a box over the years: the one in service, the one that is to follow it, and the
// one before. What is to be served is handed out first, so that no client is left behind: a switch
// comes when the owner says that they have it.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "certs/names.h"
#include "provision/core/facts.h"
#include "provision/core/paths.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

/// One identity, PEM. Empty: there is none.
struct Slot {
  std::string key;
  std::string certificate;
  std::string authority;  // the CA that signed it; empty: clients trust the certificate itself
  std::string request;    // for a CA elsewhere to sign

  friend bool operator==(const Slot&, const Slot&) = default;
};

struct Pki {
  Slot current, next, previous;
};

/// The files of a slot, in pki_folder, next_folder or previous_folder.
struct SlotFile {
  const char* name;
  std::string Slot::*content;
  unsigned mode;
  bool secret;
};

inline constexpr SlotFile slot_files[] = {{"server.key", &Slot::key, 0600, true},
                                          {"server.crt", &Slot::certificate, 0644, false},
                                          {"ca.crt", &Slot::authority, 0644, false},
                                          {"server.csr", &Slot::request, 0644, false}};

/// What clients are to trust, each once: of the identity in service and of the one that follows it.
/// The one before is not among them: it may have been given up because its key was stolen. Nor is
/// one that has expired at `now`, when there is another.
[[nodiscard]] std::vector<std::string> trust_set(const Pki& pki, UtcSecond now);

/// The names of the next certificate: the settings', else those of the one in service, whatever the
/// machine is called now, else the machine's own.
[[nodiscard]] Result<certs::Names> names_to_come(const Settings& settings, const Facts& facts,
                                                 const Slot& current);

/// Fails with the reason unless chronyd could serve with it at `now`: a key and its certificate,
/// the certificate valid, signed by the authority where there is one.
[[nodiscard]] Result<void> fit_to_serve(const Slot& slot, UtcSecond now);

/// `pending`, a key and a request, with what a CA elsewhere made of it: `signed_chain` holds the
/// certificate and then the CA's. Fails unless that can be served at `now` under all of `names`.
[[nodiscard]] Result<Slot> completed(const Slot& pending, std::string_view signed_chain,
                                     const certs::Names& names, UtcSecond now);

/// Whether no client of `current` need be told of `next` before it is served.
[[nodiscard]] bool known_to_clients(const Slot& current, const Slot& next);

/// Adds to `plan` the slot's files in `folder`, and that the others are not there.
void put_slot(Plan& plan, const std::string& folder, const Slot& slot, const std::string& why);

/// The folder of what chronyd reads, closed to all others.
[[nodiscard]] Folder chronyds_own();

/// Adds to `plan` what chronyd serves (both PEM): the pair in one file, and the certificate by
/// itself.
void put_served(Plan& plan, const std::string& key, const std::string& certificate);

/// Makes `next` the one to follow; an empty one is to be forgotten. What is in service stays.
[[nodiscard]] Plan prepare_plan(const Slot& next);

/// Puts `next` in service and keeps the one that was: chronyd restarts with it. One generation, so
/// that a cut run is taken back.
[[nodiscard]] Plan switch_plan(const Slot& current, const Slot& next);

}  // namespace ntsbox::provision
