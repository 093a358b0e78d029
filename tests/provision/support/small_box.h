#pragma once
// A plan with one of each: small enough to fail at every step of it.

#include <string>

#include "provision/core/plan.h"
#include "provision/io/apply.h"
#include "provision/io/history.h"

namespace ntsbox::provision::testing {

inline constexpr char scope[] = "box";

inline Plan box_plan(const std::string& allow = "10.0.0.0/8") {
  Plan plan;
  plan.resources = {
      Folder{"/etc/ntsbox/pki", 0700, "root", "root", "keys"},
      File{"/etc/ntsbox/pki/server.key", "KEY", 0600, "root", "root", true, false, "the key"},
      File{"/etc/ntsbox/pki/server.crt", "CRT", 0644, "root", "root", false, false, "certificate"},
      Folder{"/etc/chrony/nts", 0750, "root", "_chrony", "what chronyd reads"},
      File{"/etc/chrony/nts/server.key", "KEY", 0640, "root", "_chrony", true, false, "the key"},
      File{"/etc/chrony/nts/server.crt", "CRT", 0644, "root", "root", false, false, "certificate"},
      File{"/etc/chrony/chrony.conf", "allow " + allow + "\n", 0644, "root", "root", false, false,
           "serves the time"},
      Link{"/etc/systemd/system/multi-user.target.wants/ntsboxd.service",
           "/lib/systemd/system/ntsboxd.service", "starts at boot"},
      File{"/boot/firmware/config.txt", "enable_uart=1\ndtoverlay=pps-gpio\n", 0755, "root", "root",
           false, true, "the pulse"},
      Absent{"/etc/chrony/old.conf", "unauthenticated"},
  };
  plan.validations = {{"/etc/chrony/chrony.conf", {"chronyd", "-p", "-f", "{}"}}};
  plan.units = {
      {UnitAction::Verb::restart, "chrony.service", {"/etc/chrony/chrony.conf"}, "reads it"},
      {UnitAction::Verb::start, "ntsboxd.service", {}, "runs"}};
  plan.reboot_because_of = {"/boot/firmware/config.txt"};
  return plan;
}

inline Run run_on(System& system, bool live = false) {
  Run run{system};
  run.live = live;
  run.now = UtcSecond{seconds{1'795'341'600}};
  run.version = "0";
  return run;
}

inline Result<Applied> apply_with_claim(System& system, const Plan& plan) {
  const auto claim = Claim::on(system);
  if (!claim) return tl::unexpected(claim.error());
  const auto run = run_on(system);
  if (const auto healed = heal(run); !healed) return tl::unexpected(healed.error());
  return apply(run, plan, scope);
}

inline Result<Undone> undo_with_claim(System& system, bool all, bool keep_keys = false) {
  const auto claim = Claim::on(system);
  if (!claim) return tl::unexpected(claim.error());
  const auto run = run_on(system);
  if (auto healed = heal(run); !healed) return healed;
  return all ? roll_back_all(run, keep_keys) : roll_back(run);
}

}  // namespace ntsbox::provision::testing
