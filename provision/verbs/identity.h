#pragma once
// What the verbs that change the server's identity share.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "provision/core/identity.h"
#include "provision/io/apply.h"
#include "provision/io/generations.h"
#include "provision/verbs/server.h"

namespace ntsbox::provision {

/// The machine, held against other runs and healed, and what it has.
struct IdentitySession {
  std::unique_ptr<StateLock> lock;
  Run run;
  SavedSettings before;
  Settings settings;  // with what the flags gave
  Pki pki;
};

[[nodiscard]] Attempt<IdentitySession> open_session(Context& context);

/// Applies a plan about some files of the server alone. Nothing is changed when somebody edited
/// one of those: key and certificate stay a pair.
[[nodiscard]] Attempt<ApplyResult> carry_out(Context& context, const IdentitySession& session,
                                             const Plan& plan);

/// Fails when the next identity was made with other settings than these.
[[nodiscard]] Attempt<void> check_next_settings(const IdentitySession& session);

/// The certificates' names, dates and fingerprints, for people or as a JSON list.
[[nodiscard]] std::string describe(const std::vector<std::string>& pems);
[[nodiscard]] std::string describe_in_json(const std::vector<std::string>& pems);

/// Adds the settings to `plan` when they are others than those remembered.
void save_if_changed(Context& context, const IdentitySession& session, const Settings& settings,
                     Plan& plan);

/// The names of the next certificate, from `settings` and the machine.
[[nodiscard]] Result<certs::Names> names_to_come(Context& context, const IdentitySession& session);

/// Makes a key and a request for a CA elsewhere, or finds those that wait, and hands the request
/// out: to --output, or on the standard output.
[[nodiscard]] Attempt<ExitCode> ask_authority(Context& context, const IdentitySession& session);

/// Puts `next` in service, after asking whether its clients have it when they need it.
[[nodiscard]] Attempt<ExitCode> serve(Context& context, const IdentitySession& session,
                                      const Identity& next);

}  // namespace ntsbox::provision
