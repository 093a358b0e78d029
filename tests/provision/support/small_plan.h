#pragma once
// A plan with one of each: small enough to fail at every step of it.

#include <string>

#include "provision/core/plan.h"
#include "provision/io/apply.h"
#include "provision/io/generations.h"

namespace ntsbox::provision::testing {

inline constexpr char scope[] = "box";

inline Plan small_plan(const std::string& allow = "10.0.0.0/8") {
  Plan plan;
  auto served = Resource::folder("/etc/chrony/nts", 0750, "what chronyd reads");
  served.entry->group = "_chrony";
  auto pair = Resource::secret_file("/etc/chrony/nts/server.key", "KEY", "the key");
  pair.entry->mode = 0640;
  pair.entry->group = "_chrony";
  auto config = Resource::file("/boot/firmware/config.txt", "enable_uart=1\ndtoverlay=pps-gpio\n",
                               "the pulse");
  config.entry->mode = 0755;
  config.shared = true;
  plan.resources = {
      Resource::folder("/etc/ntsbox/pki", 0700, "keys"),
      Resource::secret_file("/etc/ntsbox/pki/server.key", "KEY", "the key"),
      Resource::file("/etc/ntsbox/pki/server.crt", "CRT", "certificate"),
      served,
      pair,
      Resource::file("/etc/chrony/nts/server.crt", "CRT", "certificate"),
      Resource::file("/etc/chrony/chrony.conf", "allow " + allow + "\n", "serves the time"),
      Resource::link("/etc/systemd/system/multi-user.target.wants/ntsboxd.service",
                     "/lib/systemd/system/ntsboxd.service", "starts at boot"),
      config,
      Resource::absent("/etc/chrony/old.conf", "unauthenticated"),
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

inline Result<ApplyResult> apply_with_lock(System& system, const Plan& plan) {
  TRY(const auto lock, StateLock::acquire(system));
  const auto run = run_on(system);
  TRY(recover(run));
  return apply(run, plan, scope);
}

inline Result<RollbackResult> undo_with_lock(System& system, bool all, bool keep_keys = false) {
  TRY(const auto lock, StateLock::acquire(system));
  const auto run = run_on(system);
  TRY(recover(run));
  return all ? roll_back_all(run, keep_keys) : roll_back(run);
}

}  // namespace ntsbox::provision::testing
