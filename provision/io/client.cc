#include "provision/io/client.h"

#include <fmt/format.h>

#include "provision/core/words.h"

namespace ntsbox::provision {
namespace {

Result<void> read_into(System& system, const std::string& folder, std::string_view suffix,
                       std::map<std::string, std::string>& texts) {
  TRY(const auto names, system.list(folder));
  for (const auto& name : names) {
    if (!name.ends_with(suffix)) continue;
    const auto path = fmt::format("{}/{}", folder, name);
    TRY(auto text, system.read(path));
    if (text) texts[path] = std::move(*text);
  }
  return {};
}

}  // namespace

Result<ClientFacts> inspect_client(System& system, const std::string& box) {
  ClientFacts facts;
  if (const auto ran = system.run({"chronyd", "--version"}))
    facts.chrony = chronyd_version(ran->output);
  TRY(auto conf, system.read("/etc/chrony/chrony.conf"));
  facts.chrony_conf = std::move(conf);
  TRY(const auto nts, system.look("/etc/chrony/nts"));
  facts.has_nts_folder = nts.has_value();
  TRY(read_into(system, "/etc/chrony/conf.d", ".conf", facts.conf_files));
  TRY(read_into(system, "/etc/chrony/sources.d", ".sources", facts.conf_files));
  TRY(read_into(system, TrustPaths{box}.folder, "", facts.trusted));
  return facts;
}

Result<Proof> prove(System& system, const Bundle& bundle, const ProofRequest& request) {
  std::string pems;
  for (const auto& trusted : bundle.trusted) pems += trusted.pem;
  if (!request.here) {
    const auto found = system.run({"getent", "ahosts", request.server});
    if (found && found->status == 2) return unknown_name(request.server);
  }
  TRY(const auto ran, system.run(proof_command(request), pems));
  return judge_proof(request, ran.status, ran.output);
}

}  // namespace ntsbox::provision
