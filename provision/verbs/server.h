#pragma once
// What the verbs share: from the owner's settings and the machine to a plan, and what is printed.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "posix/process.h"
#include "provision/core/checks.h"
#include "provision/core/facts.h"
#include "provision/core/server_plan.h"
#include "provision/core/settings.h"
#include "provision/io/apply.h"
#include "provision/io/generations.h"
#include "provision/io/inspect.h"
#include "provision/verbs/verb.h"

namespace ntsbox::provision {

/// The generations that make a server, as against those of `trust`.
inline constexpr char server_scope[] = "box";

/// The settings file as it stands.
struct SavedSettings {
  Settings settings;
  std::optional<std::string> text;
};

[[nodiscard]] Attempt<SavedSettings> saved_settings(Context& context);
/// The owner's file as it is, comments and all, while it holds these settings; else a new one.
[[nodiscard]] Resource settings_file(const SavedSettings& before, const Settings& settings,
                                     const std::string& path);

/// Reads the machine and decides. A key and certificate that must be made are made here, in memory.
[[nodiscard]] Attempt<Plan> plan_server(Context& context);

/// For the verbs that change the server's identity: the machine, locked against other runs and
/// recovered, and what it has.
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

/// A certificate's names, dates and fingerprints, for people and as a JSON list of one.
struct Description {
  std::string text, json;
};

[[nodiscard]] Description describe(const std::string& pem);

/// Progress goes to the progress output; units are acted on when the root is this machine and
/// systemd runs.
[[nodiscard]] Run run_for(Context& context);

/// Prints why a verb ended.
void print(const Context& context, const Failure& failure);
/// Prints what a verb has done: as one line of JSON with --json, else as text.
ExitCode answer(Context& context, const JsonObject& json, const std::string& text);
/// Prints that there is nothing more to do.
ExitCode finished(Context& context, const std::string& message);

/// Ends a verb that the user did not agree to; with `unasked`, when there is one and nobody was
/// there to ask.
[[nodiscard]] tl::unexpected<Failure> declined(const Context& context, const std::string& message,
                                               const std::string& unasked = {});

/// Prints what was rolled back.
ExitCode print_rollback(Context& context, const RollbackResult& undone);

/// True with --yes, or when the answer is yes. Nobody there to answer is no.
[[nodiscard]] bool confirmed(Context& context, const std::string& question);
/// The same, where --yes is no answer.
[[nodiscard]] bool answered_yes(Context& context, const std::string& question);

/// `diff` with colours when the screen has them.
[[nodiscard]] std::string coloured(const Screen& screen, const std::string& diff);

/// What the daemons need from their start: gpsd up to 10 s for its receiver, ntsboxd ten to agree
/// with it.
inline constexpr seconds starting{60};

/// Verify's findings. A daemon whose state changed within `patience` is given as long again.
[[nodiscard]] Result<Findings> verified(Context& context, seconds patience);

[[nodiscard]] Inquiry inquiry_for(const Context& context, bool deeper);

[[nodiscard]] ExitCode exit_code_of(const Findings& findings);

/// Prints the findings; verify_failed when one of them failed.
ExitCode print_findings(Context& context, const Findings& findings);

}  // namespace ntsbox::provision
