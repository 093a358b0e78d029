#include "provision/verbs/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "base/release.h"
#include "certs/inspect.h"
#include "posix/process.h"
#include "provision/core/identity.h"
#include "provision/core/show.h"
#include "provision/io/inspect.h"

namespace ntsbox::provision {
namespace {

Result<std::optional<Identity>> identity_there(Context& context, const Facts& facts) {
  if (!facts.certificate || !facts.has_key) return std::nullopt;
  TRY(auto key, context.system.read(pki_key));
  if (!key) return std::nullopt;
  if (const auto pair = certs::check_pair(*facts.certificate, *key); !pair)
    return fail(
        fmt::format("{} and {}: {}; nothing was changed, and chronyd goes on with what it has. {}",
                    pki_certificate, pki_key, pair.error().message, pki_cure));
  return Identity{.key = std::move(*key), .certificate = *facts.certificate};
}

/// The one that is there or, when it does not serve and the clock can be believed, a new one.
Result<std::optional<Identity>> identity_for(Context& context, const Settings& settings,
                                             const Facts& facts, bool& pending) {
  const auto wanted = identity_wanted(settings, facts);
  pending = wanted && (facts.now < release_date() || context.options.keys_later);
  if (!wanted || pending) return identity_there(context, facts);
  return self_signed(*wanted, settings.key, facts);
}

}  // namespace

Attempt<SavedSettings> saved_settings(Context& context) {
  const auto& path = context.options.settings_path;
  TRY(auto text, context.system.read(path));
  if (!text && path != Options{}.settings_path)
    return stop(usage, path + ": there is no such file in the root");
  if (!text) return SavedSettings{};
  TRY(auto settings, parse_settings(*text, path).map_error(stop_with(usage)));
  return SavedSettings{std::move(settings), std::move(text)};
}

Resource settings_file(const SavedSettings& before, const Settings& settings,
                       const std::string& path) {
  auto file = Resource::file(
      path, before.text && before.settings == settings ? *before.text : render_settings(settings),
      "remembers these settings");
  file.shared = true;
  return file;
}

Attempt<Plan> plan_server(Context& context) {
  TRY(const auto before, saved_settings(context));
  TRY(const auto settings,
      with_flags(before.settings, context.options.flags).map_error(stop_with(usage)));
  TRY(const auto facts, inspect(context.system, context.now));
  bool pending = false;
  TRY(const auto identity, identity_for(context, settings, facts, pending));
  TRY(auto made, plan(settings, facts, identity).map_error(stop_with(unsupported)));
  made.identity_pending = made.identity_pending || pending;
  made.resources.push_back(settings_file(before, settings, context.options.settings_path));
  return made;
}

Run run_for(Context& context) {
  const auto systemd = context.system.look("/run/systemd/system");
  auto& progress = context.screen.progress;
  return {context.system,
          context.options.root == "/" && systemd && *systemd,
          context.now,
          std::string{version()},
          {},
          [&progress](const std::string& line) { progress << line << std::endl; },
          stop_requested};
}

void print(const Context& context, const Failure& failure) {
  context.screen.progress << "ntsbox-provision: " << failure.message << std::endl;
}

ExitCode answer(Context& context, const JsonObject& json, const std::string& text) {
  context.screen.out << (context.options.json ? json.text() + "\n" : text);
  return done;
}

ExitCode finished(Context& context, const std::string& message) {
  print(context, {done, message});
  return done;
}

tl::unexpected<Failure> declined(const Context& context, const std::string& message,
                                 const std::string& unasked) {
  if (context.screen.interactive) return stop(failed, message);
  return stop(usage, unasked.empty() ? message : unasked);
}

ExitCode print_rollback(Context& context, const RollbackResult& undone) {
  const auto code = undone.edited.empty() ? done : edited_locally;
  const std::set<std::string> edited(undone.edited.begin(), undone.edited.end());
  const std::set<std::string> kept(undone.kept.begin(), undone.kept.end());
  if (context.options.json) {
    context.screen.out << JsonObject{}
                              .add("exit", static_cast<int>(code))
                              .add_json("taken_back", json_array(undone.generations))
                              .add_json("edited", json_array(edited))
                              .add_json("kept", json_array(kept))
                              .add_json("packages", json_array(undone.packages))
                              .text()
                       << "\n";
    return code;
  }
  auto& progress = context.screen.progress;
  for (const auto& path : edited)
    progress
        << path
        << ": somebody edited it since ntsbox wrote it, so it stays; what was there before, if "
        << "anything, is " << original_name(path) << "\n";
  for (const auto& path : kept)
    progress << path
             << (is_master_copy(path) ? ": stays; `uninstall --keys` removes it\n"
                                      : ": stays, since it holds other files\n");
  if (!undone.packages.empty())
    progress << fmt::format("Packages that were installed stay; to remove them: apt remove {}\n",
                            fmt::join(undone.packages, " "));
  progress << fmt::format("Rolled back: generation {}.\n", fmt::join(undone.generations, ", "));
  return code;
}

bool confirmed(Context& context, const std::string& question) {
  return context.options.yes || answered_yes(context, question);
}

bool answered_yes(Context& context, const std::string& question) {
  if (!context.screen.interactive) return false;
  context.screen.progress << question << " [y/N] " << std::flush;
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

std::string coloured(const Screen& screen, const std::string& diff) {
  if (!screen.colour) return diff;
  std::string out;
  for (std::size_t from = 0; from < diff.size();) {
    const auto end = std::min(diff.find('\n', from), diff.size());
    const auto line = diff.substr(from, end - from);
    const auto first = line.substr(0, 1);
    const auto* colour = first == "+" ? "32" : first == "-" ? "31" : first == "@" ? "36" : nullptr;
    out += colour ? fmt::format("\x1b[{}m{}\x1b[0m\n", colour, line) : line + "\n";
    from = end + 1;
  }
  return out;
}

}  // namespace ntsbox::provision
