#include "provision/core/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "certs/chain.h"
#include "certs/inspect.h"
#include "provision/core/design.h"

namespace ntsbox::provision {
namespace {

File file(std::string path, std::string content, unsigned mode, bool secret, std::string why) {
  File made;
  made.path = std::move(path);
  made.content = std::move(content);
  made.mode = mode;
  made.secret = secret;
  made.why = std::move(why);
  return made;
}

Folder roots_own(const char* folder) {
  return {folder, 0700, "root", "root", "root's alone"};
}

std::vector<std::string> all_names(const certs::Names& names) {
  auto all = names.hosts;
  all.insert(all.end(), names.addresses.begin(), names.addresses.end());
  return all;
}

bool has_expired(const std::string& certificate, UtcSecond now) {
  const auto summary = certs::inspect(certificate);
  return summary && summary->not_after <= now;
}

}  // namespace

std::vector<std::string> trust_set(const Pki& pki, UtcSecond now) {
  std::vector<std::string> pems;
  for (const auto* slot : {&pki.current, &pki.next}) {
    const auto& pem = slot->authority.empty() ? slot->certificate : slot->authority;
    if (!pem.empty() && std::find(pems.begin(), pems.end(), pem) == pems.end()) pems.push_back(pem);
  }
  if (pems.size() > 1 && has_expired(pems.front(), now)) pems.erase(pems.begin());
  return pems;
}

Result<certs::Names> names_to_come(const Settings& settings, const Facts& facts,
                                   const Slot& current) {
  if (!settings.names.empty() || current.certificate.empty()) return box_names(settings, facts);
  const auto served = certs::inspect(current.certificate);
  if (!served) return tl::unexpected(served.error());
  return certs::checked(
      {served->hosts, settings.addresses.empty() ? served->addresses : settings.addresses});
}

Result<void> fit_to_serve(const Slot& slot, UtcSecond now) {
  if (slot.key.empty() || slot.certificate.empty()) return fail("there is no key and certificate");
  const auto summary = certs::inspect(slot.certificate);
  if (!summary) return tl::unexpected(summary.error());
  if (summary->is_ca) return fail("it is a CA's certificate, and no server's");
  if (now < summary->not_before || summary->not_after <= now)
    return fail(fmt::format("it is valid from {} to {}, and now it is {}",
                            format_iso_utc(summary->not_before), format_iso_utc(summary->not_after),
                            format_iso_utc(now)));
  if (auto pair = certs::check_pair(slot.certificate, slot.key); !pair) return pair;
  return slot.authority.empty() ? Result<void>{}
                                : certs::check_chain(slot.certificate, slot.authority, now);
}

Result<Slot> completed(const Slot& pending, std::string_view signed_chain,
                       const certs::Names& names, UtcSecond now) {
  if (pending.key.empty() || pending.request.empty())
    return fail("no request waits for it: ntsbox-provision request makes one");
  const auto parts = certs::split_chain(signed_chain);
  if (!parts) return tl::unexpected(parts.error());
  if (parts->size() != 2)
    return fail(fmt::format(
        "holds {} certificates, and not two: the box's and then that of the CA that signed it",
        parts->size()));
  Slot slot{pending.key, parts->front(), parts->back(), {}};
  if (const auto pair = certs::check_pair(slot.certificate, slot.key); !pair)
    return fail("it was not made of the request that waits here: " + pair.error().message);
  if (const auto fit = fit_to_serve(slot, now); !fit) return tl::unexpected(fit.error());
  const auto summary = certs::inspect(slot.certificate);
  if (!summary) return tl::unexpected(summary.error());
  for (const auto& name : all_names(names))
    if (!certs::covers(*summary, name)) return fail(fmt::format("it is not for {}", name));
  return slot;
}

bool known_to_clients(const Slot& current, const Slot& next) {
  return current.certificate.empty() ||
         (!next.authority.empty() && next.authority == current.authority);
}

void put_slot(Plan& plan, const std::string& folder, const Slot& slot, const std::string& why) {
  for (const auto& [name, content, mode, secret] : slot_files) {
    const auto path = fmt::format("{}/{}", folder, name);
    if ((slot.*content).empty())
      plan.resources.emplace_back(Absent{path, why});
    else
      plan.resources.emplace_back(file(path, slot.*content, mode, secret, why));
  }
}

Folder chronyds_own() {
  return {served_folder, 0750, "root", "_chrony", "the certificate as chronyd reads it"};
}

void put_served(Plan& plan, const std::string& key, const std::string& certificate) {
  const auto* between = key.ends_with('\n') ? "" : "\n";
  auto pair = file(served_pair, key + between + certificate, 0640, true,
                   "the key and its certificate, for chronyd alone");
  pair.group = "_chrony";
  plan.resources.emplace_back(std::move(pair));
  plan.resources.emplace_back(
      file(served_certificate, certificate, 0644, false, "the certificate by itself"));
}

Plan prepare_plan(const Slot& next) {
  Plan plan;
  plan.partial = true;
  if (next != Slot{}) {
    plan.resources.emplace_back(roots_own(pki_folder));
    plan.resources.emplace_back(roots_own(next_folder));
  }
  put_slot(plan, next_folder, next, "of the next identity");
  return plan;
}

Plan switch_plan(const Slot& current, const Slot& next) {
  Plan plan;
  plan.partial = true;
  plan.resources.emplace_back(roots_own(pki_folder));
  if (current != Slot{}) {
    plan.resources.emplace_back(roots_own(previous_folder));
    put_slot(plan, previous_folder, current, "of the identity that was in service");
  }
  put_slot(plan, pki_folder, next, "of the identity in service");
  plan.resources.emplace_back(chronyds_own());
  put_served(plan, next.key, next.certificate);
  plan.units.push_back({UnitAction::Verb::restart,
                        "chrony.service",
                        {served_pair},
                        "reads its certificate when it starts"});
  put_slot(plan, next_folder, {}, "it is in service now");
  return plan;
}

}  // namespace ntsbox::provision
