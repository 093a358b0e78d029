// bundle: what a Stratum 2 machine needs to authenticate this box, in one file.

#include "provision/core/bundle.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>

#include "base/json.h"
#include "posix/file.h"
#include "provision/io/archive.h"
#include "provision/io/pki.h"
#include "provision/verbs/box.h"

namespace ntsbox::provision {
namespace {

/// Reads back what is about to be handed out: certificates and settings, and no key.
Result<void> check(const std::string& bytes, UtcSecond now) {
  TRY(const auto members, unpack(bytes));
  TRY(parse_bundle(members, now));
  return {};
}

Result<Bundle> write_bundle(Context& context) {
  const auto& path = context.options.file;
  auto bundle = bundle_of_this_box(context.system, context.options.settings_path,
                                   context.options.flags, context.now);
  if (!bundle) return bundle;
  TRY(const auto bytes, pack(bundle_members(*bundle), path.ends_with(".gz")));
  TRY(check(bytes, context.now));
  TRY(write_file_or_output(path, bytes, 0644));
  return bundle;
}

}  // namespace

Attempt<ExitCode> bundle_verb(Context& context) {
  const auto& path = context.options.file;
  if (!path.ends_with(".tar") && !path.ends_with(".tar.gz"))
    return stop(ExitCode::usage, "--output must name a .tar or .tar.gz file");
  TRY(const auto bundle, write_bundle(context));
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"file\": {}, \"server\": {}, \"certificates\": {}}}\n",
                                      json_quote(path), json_quote(bundle.server), in_json(bundle));
    return ExitCode::done;
  }
  context.screen.out << fmt::format(
      "{0}: what a Stratum 2 machine needs to authenticate {1}; nothing in it is secret.\n\n{2}\n"
      "Take it there, compare the fingerprint that is shown there with this one, and there run\n"
      "  ntsbox-provision trust {0}      or, without ntsbox, the bundle's install.sh\n",
      path, bundle.server, fingerprints(bundle));
  return ExitCode::done;
}

}  // namespace ntsbox::provision
