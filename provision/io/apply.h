#pragma once
// Bringing a machine to its plan, and back.
//
// Each of these wants the StateLock held. A run that fails, or is asked to stop, is rolled back
// when it returns; one that is killed is rolled back by recover(), which comes first in every run.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "provision/core/plan.h"
#include "provision/io/system.h"

namespace ntsbox::provision {

struct Run {
  System& system;
  bool live = false;  // the root's systemd runs: units are acted on
  UtcSecond now{};
  std::string version{};
  std::vector<std::string> packages{};  // installed already, for the transaction log
  std::function<void(const std::string&)> log = [](const std::string&) {};  // a line of progress
  std::function<bool()> stop = [] { return false; };  // asked between two steps
};

/// What the plan would change. Reads only. Generations of other scopes are others' business.
[[nodiscard]] Result<Comparison> compare_with_machine(System& system, const Plan& plan,
                                                      const std::string& scope);

struct ApplyResult {
  int generation = 0;  // 0: there was nothing to do
  std::vector<Change> changes;
  std::vector<std::string> edited;  // written by ntsbox and edited since: they stay
  bool reboot = false;              // some of it takes effect at the next boot
};

[[nodiscard]] Result<ApplyResult> apply(const Run& run, const Plan& plan, const std::string& scope);

struct RollbackResult {
  std::vector<std::string> packages;  // installed by the runs rolled back: they stay
  std::vector<int> generations;       // that were rolled back
  std::vector<std::string> edited;  // left as somebody made them; what was there before lies beside
  std::vector<std::string> kept;    // folders that hold others' files, and master copies
};

/// Rolls back what a run that was cut short left half done.
Result<RollbackResult> recover(const Run& run);
/// Rolls back the last generation; nothing when there is none.
[[nodiscard]] Result<RollbackResult> roll_back(const Run& run);
/// Rolls back all generations, the last first, without the master copies when `keep_keys`.
[[nodiscard]] Result<RollbackResult> roll_back_all(const Run& run, bool keep_keys);

// The package manager and systemd of a root.

/// How the units of `actions` are now.
[[nodiscard]] std::vector<UnitState> states_of(const Run& run,
                                               const std::vector<UnitAction>& actions);

/// Lets systemd read its units again if `changes` touched any, then does `actions` in order.
[[nodiscard]] Result<void> act_on_units(const Run& run, const std::vector<UnitAction>& actions,
                                        const std::vector<Change>& changes);

/// Makes each unit of `transaction` what it was before; one that fails is reported and passed over.
void restore_units(const Run& run, const Transaction& transaction);

/// Asks nothing, keeps configuration files that were edited, waits for another apt. Not rolled back
/// by any rollback: what is installed stays.
[[nodiscard]] Result<void> install_packages(const Run& run,
                                            const std::vector<std::string>& packages);

}  // namespace ntsbox::provision
