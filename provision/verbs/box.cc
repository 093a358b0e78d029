#include "provision/verbs/box.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <utility>

#include "base/release.h"
#include "certs/inspect.h"
#include "posix/stop.h"
#include "provision/core/paths.h"
#include "provision/core/show.h"
#include "provision/io/inspect.h"

namespace ntsbox::provision {
namespace {

Result<std::optional<Identity>> identity_there(Context& context, const Facts& facts) {
  if (!facts.certificate || !facts.has_key) return std::nullopt;
  auto key = context.system.read(pki_key);
  if (!key) return tl::unexpected(key.error());
  if (!*key) return std::nullopt;
  if (const auto pair = certs::check_pair(*facts.certificate, **key); !pair)
    return fail(
        fmt::format("{} and {}: {}; nothing was changed, and chronyd goes on with what it has. {}",
                    pki_certificate, pki_key, pair.error().message, pki_cure));
  return Identity{*facts.certificate, std::move(**key)};
}

/// The one that is there or, when it does not serve and the clock can be believed, a new one.
Result<std::optional<Identity>> identity_for(Context& context, const Settings& settings,
                                             const Facts& facts, bool& pending) {
  const auto wanted = identity_wanted(settings, facts);
  pending = wanted && (facts.now < release_date() || context.options.keys_later);
  if (!wanted || pending) return identity_there(context, facts);
  auto issued =
      certs::issue_pin(wanted->names, wanted->kind, {facts.now, release_date(), facts.narrow_time});
  if (!issued) return tl::unexpected(issued.error());
  return Identity{issued->certificate, std::string{issued->key.view()}};
}

}  // namespace

tl::expected<Remembered, Ending> remembered(Context& context) {
  const auto& path = context.options.settings_path;
  auto text = context.system.read(path);
  if (!text) return tl::unexpected(Ending{failed, text.error().message});
  if (!*text && path != Options{}.settings_path)
    return tl::unexpected(Ending{usage, path + ": there is no such file in the root"});
  if (!*text) return Remembered{};
  auto settings = parse_settings(**text, path);
  if (!settings) return tl::unexpected(Ending{usage, settings.error().message});
  return Remembered{std::move(*settings), std::move(*text)};
}

File settings_file(const Remembered& before, const Settings& settings, const std::string& path) {
  File file;
  file.path = path;
  file.content =
      before.text && before.settings == settings ? *before.text : render_settings(settings);
  file.shared = true;
  file.why = "remembers these settings";
  return file;
}

tl::expected<Box, Ending> plan_box(Context& context) {
  const auto stop = [](ExitCode code, const Error& error) {
    return tl::unexpected(Ending{code, error.message});
  };
  auto before = remembered(context);
  if (!before) return tl::unexpected(before.error());
  auto settings = with_flags(before->settings, context.options.flags);
  if (!settings) return stop(usage, settings.error());
  auto facts = inspect(context.system, context.now);
  if (!facts) return stop(failed, facts.error());
  bool pending = false;
  const auto identity = identity_for(context, *settings, *facts, pending);
  if (!identity) return stop(failed, identity.error());
  auto made = plan(*settings, *facts, *identity);
  if (!made) return stop(unsupported, made.error());
  made->identity_pending = made->identity_pending || pending;
  made->resources.emplace_back(settings_file(*before, *settings, context.options.settings_path));
  return Box{std::move(*settings), std::move(*facts), std::move(*made)};
}

Run run_for(Context& context) {
  const auto systemd = context.system.look("/run/systemd/system");
  auto& story = context.screen.story;
  return {context.system,
          context.options.root == "/" && systemd && *systemd,
          context.now,
          std::string{version()},
          {},
          [&story](const std::string& line) { story << line << std::endl; },
          stop_requested};
}

ExitCode end(Context& context, ExitCode code, const std::string& message) {
  context.screen.story << "ntsbox-provision: " << message << std::endl;
  return code;
}

ExitCode end(Context& context, const Error& error) {
  return end(context, failed, error.message);
}

ExitCode tell_undone(Context& context, const Undone& undone) {
  const auto code = undone.edited.empty() ? done : edited_locally;
  const std::set<std::string> edited(undone.edited.begin(), undone.edited.end());
  const std::set<std::string> kept(undone.kept.begin(), undone.kept.end());
  if (context.options.json) {
    context.screen.out << fmt::format(
        R"({{"exit":{},"taken_back":{},"edited":{},"kept":{},"packages":{}}})"
        "\n",
        static_cast<int>(code), fmt::format("[{}]", fmt::join(undone.generations, ",")),
        json_array({edited.begin(), edited.end()}), json_array({kept.begin(), kept.end()}),
        json_array(undone.packages));
    return code;
  }
  auto& story = context.screen.story;
  for (const auto& path : edited)
    story << path
          << ": somebody edited it since ntsbox wrote it, so it stays; what was there before, if "
          << "anything, is " << original_name(path) << "\n";
  for (const auto& path : kept)
    story << path
          << (is_master_copy(path) ? ": stays; `uninstall --keys` removes it\n"
                                   : ": stays, since it holds other files\n");
  if (!undone.packages.empty())
    story << fmt::format("Packages that were installed stay; to remove them: apt remove {}\n",
                         fmt::join(undone.packages, " "));
  story << fmt::format("Taken back: generation {}.\n", fmt::join(undone.generations, ", "));
  return code;
}

bool agreed(Context& context, const std::string& question) {
  if (context.options.yes) return true;
  if (!context.screen.asks) return false;
  context.screen.story << question << " [y/N] " << std::flush;
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
