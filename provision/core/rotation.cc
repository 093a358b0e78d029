#include "provision/core/rotation.h"

#include <fmt/format.h>

#include <utility>

#include "certs/inspect.h"
#include "provision/core/design.h"

namespace ntsbox::provision {
namespace {

Resource root_only(const char* folder) {
  return Resource::folder(folder, 0700, "root's alone");
}

}  // namespace

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
