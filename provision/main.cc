// ntsbox-provision: makes a machine a Stratum 1 NTS server, and another one trust it.

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "posix/clock.h"
#include "posix/command_line.h"
#include "posix/process.h"
#include "provision/io/system.h"
#include "provision/verbs/server.h"

namespace {

using namespace ntsbox;
using namespace ntsbox::provision;

const ProgramFrame frame{"ntsbox-provision", failed, usage};

struct Invocation {
  Verb verb = apply_verb;
  bool needs_root = true;
  bool no_color = false;
  Options options;
};

constexpr char examples[] =
    "Examples:\n"
    "  ntsbox-provision --allow 192.168.1.0/24          make this machine a server: show, ask, do, "
    "verify\n"
    "  ntsbox-provision plan --allow 192.168.1.0/24     only show what that would change\n"
    "  ntsbox-provision --root /mnt --board pi4 --yes   the same for an image\n"
    "  ntsbox-provision rollback                        take the last run back\n"
    "\n"
    "Options and settings stand after the verb or without one. Settings are remembered in\n"
    "/etc/ntsbox/provision.toml.\n"
    "\n"
    "Exit status: 0 done or nothing to do, 1 failed and rolled back, 2 usage, 3 changes pending "
    "(plan), 4 done,\n"
    "reboot needed, 5 verify failed, 6 unsupported machine, 7 a file was edited locally, 77 needs "
    "root.\n";

struct VerbWord {
  const char* name;
  const char* what;
  Verb verb;
  bool needs_root;
  bool settings;  // whether the settings mean something to it
};

constexpr VerbWord verbs[] = {
    {"guard", "", guard_verb, false, false},  // hidden: units of ntsbox run these
    {"resume", "", resume_verb, true, false},
    {"plan", "Show what apply would change, and change nothing", plan_verb, false, true},
    {"apply", "Make this machine a server, after showing the changes and asking", apply_verb, true,
     true},
    {"verify", "Check that this server works, up to a handshake with itself", verify_verb, true,
     false},
    {"doctor", "Find what is wrong with this server, and what to do", doctor_verb, true, false},
    {"rollback", "Roll back the last run, exactly", rollback_verb, true, false},
    {"uninstall", "Make this machine what it was before the first run", uninstall_verb, true,
     false},
    {"bundle", "Write what a client needs to trust this server", bundle_verb, true, true},
    {"trust", "Let this machine's chrony trust the server that made a bundle", trust_verb, true,
     false},
    {"renew", "Make the next certificate; later, activate it", renew_verb, true, true},
    {"request", "Make a key, and a request for a CA elsewhere to sign", request_verb, true, true},
    {"import", "Import the certificate that the CA signed", import_verb, true, false},
    {"backup", "Save the server's key and settings in an encrypted file", backup_verb, true, false},
    {"restore", "Restore them, on a fresh machine", restore_verb, true, false},
};

/// Of `ca`: for another machine than the server.
constexpr VerbWord authority_verbs[] = {
    {"init", "Make the CA of one server", ca_init_verb, false, true},
    {"sign", "Sign a server's request", ca_sign_verb, false, false},
};

template <class T>
void add_setting(CLI::App& app, const Setting<Settings>& row, Flags& flags) {
  app.add_option_function<T>(
         "--" + flag_of(row.key),
         [&flags, &row](const T& value) { flags[std::string{row.key}] = value; },
         std::string{row.help})
      ->allow_extra_args(false)
      ->type_name(std::string{row.type})
      ->group("Settings");
}

void add_switch(CLI::App& app, const Setting<Settings>& row, Flags& flags) {
  const auto name = flag_of(row.key);
  app.add_flag_function(
         fmt::format("--{0},!--no-{0}", name),
         [&flags, &row](std::int64_t count) { flags[std::string{row.key}] = count > 0; },
         std::string{row.help})
      ->group("Settings");
}

void add_settings(CLI::App& app, Flags& flags) {
  for (const auto& row : settings_table()) {
    const auto example = row.write({});
    if (std::holds_alternative<bool>(example)) add_switch(app, row, flags);
    if (std::holds_alternative<std::int64_t>(example)) add_setting<std::int64_t>(app, row, flags);
    if (std::holds_alternative<std::string>(example)) add_setting<std::string>(app, row, flags);
    if (std::holds_alternative<std::vector<std::string>>(example))
      add_setting<std::vector<std::string>>(app, row, flags);
  }
}

void add_options(CLI::App& app, Invocation& invocation) {
  auto& options = invocation.options;
  auto* root =
      app.add_option("--root", options.root, "Work on the tree below DIR")->type_name("DIR");
  app.add_flag("--keys-at-first-boot", options.keys_later,
               "The image is for many servers: each makes its own key")
      ->needs(root);
  app.add_option("--boot", options.boot, "The boot folder (default: found)")->type_name("DIR");
  app.add_option("--settings", options.settings_path, "The settings, a file in the root")
      ->type_name("FILE");
  app.add_flag("--yes", options.yes, "Ask nothing");
  app.add_flag("--json", options.json, "For machines");
  app.add_flag("--offline", options.offline, "Install no packages");
  app.add_flag("--no-color", invocation.no_color, "No colours");
}

void add_trust_options(CLI::App& verb, Options& options) {
  auto* bundle = verb.add_option("bundle", options.file, "The bundle")->type_name("BUNDLE");
  verb.add_option("--hash", options.hash,
                  "The SHA-256 of the bundle, as the server's own screen shows it (default: show "
                  "the file's, and ask)")
      ->type_name("HASH")
      ->needs(bundle);
  verb.add_option("--server", options.server, "Another name or address of the certificate to ask")
      ->type_name("NAME|IP")
      ->needs(bundle);
  verb.add_option("--remove", options.remove, "Stop trusting the server of this name")
      ->type_name("NAME")
      ->excludes(bundle);
}

void add_renew_options(CLI::App& verb, Options& options) {
  auto* now = verb.add_flag("--switch", options.switch_now, "Activate the next certificate");
  verb.add_flag("--abort", options.abort, "Forget the next certificate")->excludes(now);
}

CLI::Option* add_output(CLI::App& verb, std::string& target, const char* what) {
  return verb.add_option("--output", target, what)->type_name("FILE");
}

void add_file(CLI::App& verb, Options& options, const char* what) {
  verb.add_option("file", options.file, what)->type_name("FILE")->required();
}

void add_passphrase(CLI::App& verb, Options& options, const std::string& otherwise) {
  verb.add_option("--passphrase-file", options.passphrase_file,
                  "Its first line is the passphrase (default: " + otherwise + ")")
      ->type_name("FILE");
}

/// What one verb alone understands.
void add_own_options(CLI::App& verb, const VerbWord& entry, Options& options) {
  if (entry.verb == uninstall_verb)
    verb.add_flag("--keys", options.keys_too, "Also the server's key and certificate");
  if (entry.verb == bundle_verb)
    add_output(verb, options.file, "The bundle: a .tar or .tar.gz file")->required();
  if (entry.verb == guard_verb)
    verb.add_option("--limit", options.limit, "Another holdover limit")->type_name("SECONDS");
  if (entry.verb == trust_verb) add_trust_options(verb, options);
  if (entry.verb == renew_verb) add_renew_options(verb, options);
  if (entry.verb == request_verb)
    add_output(verb, options.file, "The request (default: the standard output)");
  if (entry.verb == import_verb) {
    add_file(verb, options, "What `ca sign` wrote");
    verb.add_flag("--switch", options.switch_now, "Activate it at once");
  }
  if (entry.verb == backup_verb)
    add_output(verb, options.file, "The encrypted file, which must not exist yet")->required();
  if (entry.verb == restore_verb) add_file(verb, options, "What `backup` wrote");
  if (entry.verb == backup_verb || entry.verb == restore_verb)
    add_passphrase(verb, options, "ask for it");
}

void add_authority_options(CLI::App& verb, const VerbWord& entry, Options& options) {
  const bool init = entry.verb == ca_init_verb;
  verb.add_option(init ? "--output" : "--authority", options.authority,
                  "The CA's folder (default: ntsbox-ca)")
      ->type_name("DIR");
  add_passphrase(verb, options, init ? "the key is not encrypted" : "ask for it, if need be");
  if (init) return;
  add_file(verb, options, "The request");
  add_output(verb, options.output, "The certificate (default: the request's name with .crt)");
}

/// The name of a setting that was given; empty: none was.
std::string given_setting(const CLI::App& app) {
  for (const auto* option : app.get_options())
    if (option->get_group() == "Settings" && option->count() > 0) return option->get_name();
  return {};
}

/// What is asked for or, when nothing is to be done (--help, or a mistake that has been printed),
/// the exit status.
std::variant<Invocation, ExitCode> parse_command_line(int argc, char** argv) {
  Invocation invocation;
  CLI::App app{
      "Makes a Raspberry Pi with a GPS receiver a Stratum 1 NTS server, and another machine trust "
      "it.\n"
      "Without a verb: shows what it would change, asks, does it and verifies it.",
      "ntsbox-provision"};
  frame.prepare(app, examples);
  app.require_subcommand(0, 1);
  add_options(app, invocation);
  add_settings(app, invocation.options.flags);
  const VerbWord* chosen = nullptr;
  const auto add_verb = [&chosen](CLI::App& parent, const VerbWord& entry) {
    auto* verb = parent.add_subcommand(entry.name, entry.what)->fallthrough();
    if (*entry.what == '\0') verb->group("");  // hidden
    verb->callback([&chosen, &entry] { chosen = &entry; });
    return verb;
  };
  for (const auto& entry : verbs) add_own_options(*add_verb(app, entry), entry, invocation.options);
  auto* ca = app.add_subcommand("ca", "The server's own CA, on another machine")->fallthrough();
  ca->require_subcommand(1);
  for (const auto& entry : authority_verbs)
    add_authority_options(*add_verb(*ca, entry), entry, invocation.options);
  if (const auto status = frame.parse(app, argc, argv)) return static_cast<ExitCode>(*status);
  if (!chosen) return invocation;
  invocation.verb = chosen->verb;
  invocation.needs_root = chosen->needs_root;
  if (const auto setting = given_setting(app); !chosen->settings && !setting.empty()) {
    return static_cast<ExitCode>(
        frame.error(frame.usage, setting + " means nothing to " + chosen->name));
  }
  return invocation;
}

int run(const Invocation& invocation) {
  const auto& options = invocation.options;
  const bool root = ::geteuid() == 0;
  if (invocation.needs_root && !root)
    return frame.error(needs_root, "only root can do this: try sudo");
  auto system = open_system(options.root, options.boot);
  if (!system) return frame.error(usage, system.error().message);
  Screen screen{
      std::cout, std::cerr,
      ::isatty(STDOUT_FILENO) == 1 && !invocation.no_color && std::getenv("NO_COLOR") == nullptr,
      ::isatty(STDIN_FILENO) == 1};
  Context context{options, **system, screen, system_second()};
  catch_stop_signals({SIGINT, SIGTERM, SIGHUP});
  const auto ended = invocation.verb(context);
  if (ended) return *ended;
  print(context, ended.error());
  if (ended.error().code == failed && !root && (*system)->denied())
    return frame.error(needs_root, "only root can read all of this machine: try sudo");
  return ended.error().code;
}

}  // namespace

int main(int argc, char** argv) {
  protect_memory();
  return frame.run([&]() -> int {
    const auto parsed = parse_command_line(argc, argv);
    if (const auto* code = std::get_if<ExitCode>(&parsed)) return *code;
    return run(std::get<Invocation>(parsed));
  });
}
