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
#include "provision/core/change.h"
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

/// Makes every path of `transaction` what it was before, its units too, and forgets the generation.
/// What somebody edited since stays, with the original beside it. When a step fails the others are
/// done all the same, and the generation stays for the next run.
[[nodiscard]] Result<RollbackResult> undo(const Run& run, const Transaction& transaction);

}  // namespace ntsbox::provision
