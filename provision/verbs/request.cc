// request, import: a certificate from a CA whose key is elsewhere.

#include <fmt/format.h>

#include <ostream>

#include "certs/inspect.h"
#include "posix/file.h"
#include "provision/core/rotation.h"
#include "provision/verbs/identity.h"

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;

Attempt<ExitCode> stage(Context& context, const Bench& bench, const Identity& next) {
  TRY(carry_out(context, bench, prepare_plan(next)));
  const std::vector<std::string> pems{next.authority};
  if (context.options.json) {
    context.screen.out << fmt::format("{{\"exit\":0,\"next\":{},\"authority\":{}}}\n",
                                      told_in_json({next.certificate}), told_in_json(pems));
    return done;
  }
  context.screen.out << "The next certificate stands ready; the one in service stays. Clients are "
                        "to trust its CA:\n"
                     << told(pems);
  context.screen.story
      << "\n`ntsbox-provision bundle --output FILE` hands out both from now on. When every client "
         "has\ntrusted that bundle: ntsbox-provision renew --switch\n";
  return done;
}

/// Whether the file's first certificate is in service already, or about to be.
bool is_here(const Pki& pki, const std::string& file) {
  const auto parts = certs::split_chain(file);
  return parts && !parts->empty() &&
         (parts->front() == pki.current.certificate || parts->front() == pki.next.certificate);
}

}  // namespace

Attempt<ExitCode> request_verb(Context& context) {
  TRY(const auto bench, bench_for(context));
  return ask_authority(context, bench);
}

Attempt<ExitCode> import_verb(Context& context) {
  const auto& path = context.options.file;
  TRY(const auto file, read_file_or_input(path, most_bytes));
  TRY(const auto bench, bench_for(context));
  const auto& [current, pending, previous] = bench.pki;
  if (is_here(bench.pki, file)) return finished(context, path + ": nothing to do: it is here");
  TRY(const auto names, names_to_come(context, bench));
  const auto next = completed(pending, file, names, context.now);
  if (!next) return stop(failed, path + ": " + next.error().message);
  return known_to_clients(current, *next) || context.options.switch_now
             ? serve(context, bench, *next)
             : stage(context, bench, *next);
}

}  // namespace ntsbox::provision
