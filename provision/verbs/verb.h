#pragma once
// A verb is one function: it wires core to the machine and prints. One file each in this folder.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "provision/core/settings.h"
#include "provision/core/show.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

/// The command line, as parsed. Files that it names (bundles, backups) are the caller's, outside of
/// any --root.
struct Options {
  std::string root = "/";
  std::string boot;                                          // empty: as found
  std::string settings_path = "/etc/ntsbox/provision.toml";  // in the root
  bool yes = false;
  bool json = false;
  bool offline = false;
  Flags flags;
  std::string file;    // trust, restore, import, sign: the argument; otherwise --output
  std::string output;  // ca sign --output
  std::string authority = "ntsbox-ca";  // ca: the folder that holds the CA
  std::string server;                   // trust --server
  std::string hash;                     // trust --hash
  std::string remove;                   // trust --remove
  bool switch_now = false;              // renew --switch, import --switch
  bool abort = false;                   // renew --abort
  bool keys_too = false;                // uninstall --keys
  bool keys_later = false;              // --keys-at-first-boot
  std::optional<std::int64_t> limit;    // guard --limit, in seconds; empty: the settings'
  std::string passphrase_file;          // backup, restore, ca; empty: asked for on the terminal
};

/// Where a verb prints.
struct Screen {
  std::ostream& out;         // the answer: text, or JSON alone with --json
  std::ostream& progress;    // progress and questions
  bool colour = false;       // out is a terminal and nobody asked for none
  bool interactive = false;  // somebody is there to answer
};

struct Context {
  const Options& options;
  System& system;
  Screen& screen;
  UtcSecond now;  // of the machine's clock when the program began
};

/// A failure is printed by main().
using Verb = Attempt<ExitCode> (*)(Context& context);

Attempt<ExitCode> plan_verb(Context& context);
Attempt<ExitCode> apply_verb(Context& context);  // also without a verb: plan, ask, apply, verify
Attempt<ExitCode> rollback_verb(Context& context);
Attempt<ExitCode> uninstall_verb(Context& context);
Attempt<ExitCode> verify_verb(Context& context);
Attempt<ExitCode> doctor_verb(Context& context);
Attempt<ExitCode> bundle_verb(Context& context);
Attempt<ExitCode> trust_verb(Context& context);
Attempt<ExitCode> renew_verb(Context& context);
Attempt<ExitCode> request_verb(Context& context);
Attempt<ExitCode> import_verb(Context& context);
Attempt<ExitCode> ca_init_verb(Context& context);  // these two on the CA's machine, no server
Attempt<ExitCode> ca_sign_verb(Context& context);
Attempt<ExitCode> backup_verb(Context& context);
Attempt<ExitCode> restore_verb(Context& context);
Attempt<ExitCode> guard_verb(Context& context);  // units of ntsbox run these two
Attempt<ExitCode> resume_verb(Context& context);

}  // namespace ntsbox::provision
