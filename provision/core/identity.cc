#include "provision/core/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/release.h"
#include "certs/inspect.h"
#include "certs/issue.h"
#include "provision/core/server_plan.h"

namespace ntsbox::provision {
namespace {

std::vector<std::string> all_names(const certs::Names& names) {
  auto all = names.hosts;
  all.insert(all.end(), names.addresses.begin(), names.addresses.end());
  return all;
}

bool has_expired(const std::string& certificate, UtcSecond now) {
  const auto summary = certs::inspect(certificate);
  return summary && summary->not_after <= now;
}

Resource root_only(const char* folder) {
  return Resource::folder(folder, 0700, "root's alone");
}

}  // namespace

Result<Identity> self_signed(const certs::Names& names, certs::KeyKind kind, const Facts& facts) {
  TRY(const auto issued,
      certs::issue_pin(names, kind, {facts.now, release_date(), facts.narrow_time}));
  return Identity{.key = issued.key, .certificate = issued.certificate};
}

std::vector<std::string> trust_set(const Pki& pki, UtcSecond now) {
  std::vector<std::string> pems;
  for (const auto* identity : {&pki.current, &pki.next}) {
    const auto& pem = identity->authority.empty() ? identity->certificate : identity->authority;
    if (!pem.empty() && std::find(pems.begin(), pems.end(), pem) == pems.end()) pems.push_back(pem);
  }
  if (pems.size() > 1 && has_expired(pems.front(), now)) pems.erase(pems.begin());
  return pems;
}

Result<void> fit_to_serve(const Identity& identity, UtcSecond now) {
  if (identity.key.empty() || identity.certificate.empty())
    return fail("there is no key and certificate");
  TRY(const auto summary, certs::inspect(identity.certificate));
  if (summary.is_ca) return fail("it is a CA's certificate, and no server's");
  if (now < summary.not_before || summary.not_after <= now)
    return fail(fmt::format("it is valid from {} to {}, and now it is {}",
                            format_iso_utc(summary.not_before), format_iso_utc(summary.not_after),
                            format_iso_utc(now)));
  TRY(certs::check_pair(identity.certificate, identity.key));
  return identity.authority.empty()
             ? Result<void>{}
             : certs::check_chain(identity.certificate, identity.authority, now);
}

Result<Identity> completed(const Identity& pending, std::string_view signed_chain,
                           const certs::Names& names, UtcSecond now) {
  if (pending.key.empty() || pending.request.empty())
    return fail("no request waits for it: ntsbox-provision request makes one");
  TRY(const auto parts, certs::split_chain(signed_chain));
  if (parts.size() != 2)
    return fail(fmt::format(
        "holds {} certificates, and not two: the server's and then that of the CA that signed it",
        parts.size()));
  Identity identity{pending.key, parts.front(), parts.back(), {}};
  if (const auto pair = certs::check_pair(identity.certificate, identity.key); !pair)
    return fail("it was not made of the request that waits here: " + pair.error().message);
  TRY(fit_to_serve(identity, now));
  TRY(const auto summary, certs::inspect(identity.certificate));
  for (const auto& name : all_names(names))
    if (!certs::covers(summary, name)) return fail(fmt::format("it is not for {}", name));
  return identity;
}

bool known_to_clients(const Identity& current, const Identity& next) {
  return current.certificate.empty() ||
         (!next.authority.empty() && next.authority == current.authority);
}

Result<certs::Names> names_to_come(const Settings& settings, const Facts& facts,
                                   const Identity& current) {
  if (!settings.names.empty() || current.certificate.empty()) return server_names(settings, facts);
  TRY(const auto served, certs::inspect(current.certificate));
  return certs::checked(
      {served.hosts, settings.addresses.empty() ? served.addresses : settings.addresses});
}

void put_identity(Plan& plan, const std::string& folder, const Identity& identity,
                  const std::string& why) {
  for (const auto& [name, content, mode, secret] : identity_files) {
    const auto path = fmt::format("{}/{}", folder, name);
    if ((identity.*content).empty())
      plan.resources.push_back(Resource::absent(path, why));
    else
      plan.resources.push_back({.path = path,
                                .entry = Entry::file(identity.*content, mode),
                                .why = why,
                                .secret = secret});
  }
}

Resource served_folder_resource() {
  auto folder = Resource::folder(served_folder, 0750, "the certificate as chronyd reads it");
  folder.entry->group = "_chrony";
  return folder;
}

void put_served(Plan& plan, const Identity& identity) {
  const auto* between = identity.key.ends_with('\n') ? "" : "\n";
  auto pair = Resource::secret_file(served_pair, identity.key + between + identity.certificate,
                                    "the key and its certificate, for chronyd alone");
  pair.entry->mode = 0640;
  pair.entry->group = "_chrony";
  plan.resources.push_back(std::move(pair));
  plan.resources.push_back(
      Resource::file(served_certificate, identity.certificate, "the certificate by itself"));
}

Plan prepare_plan(const Identity& next) {
  Plan plan;
  plan.partial = true;
  if (next != Identity{}) {
    plan.resources.push_back(root_only(pki_folder));
    plan.resources.push_back(root_only(next_folder));
  }
  put_identity(plan, next_folder, next, "of the next identity");
  return plan;
}

Plan switch_plan(const Identity& current, const Identity& next) {
  Plan plan;
  plan.partial = true;
  plan.resources.push_back(root_only(pki_folder));
  if (current != Identity{}) {
    plan.resources.push_back(root_only(previous_folder));
    put_identity(plan, previous_folder, current, "of the identity that was in service");
  }
  put_identity(plan, pki_folder, next, "of the identity in service");
  plan.resources.push_back(served_folder_resource());
  put_served(plan, next);
  plan.units.push_back({.verb = UnitAction::Verb::restart,
                        .unit = "chrony.service",
                        .because_of = {served_pair},
                        .why = "reads its certificate when it starts"});
  put_identity(plan, next_folder, {}, "it is in service now");
  return plan;
}

}  // namespace ntsbox::provision
