#pragma once
// Bringing a machine to what a plan says, and back.
//
// Each of these wants the Claim held. A run that fails, or is asked to stop, has taken back what it
// did when it returns; one that is killed is taken back by heal(), which comes first in every run.

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
  std::vector<std::string> packages{};  // installed already, for the journal
  std::function<void(const std::string&)> tell = [](const std::string&) {};  // a line of progress
  std::function<bool()> stop = [] { return false; };  // asked between two steps
};

/// What the plan would change. Reads only. Generations of other scopes are others' business.
[[nodiscard]] Result<Comparison> compare_with_machine(System& system, const Plan& plan,
                                                      const std::string& scope);

struct Applied {
  int generation = 0;  // 0: there was nothing to do
  std::vector<Change> changes;
  std::vector<std::string> edited;  // files of ours that somebody edited: they stay
  bool reboot = false;              // some of it takes effect at the next boot
};

[[nodiscard]] Result<Applied> apply(const Run& run, const Plan& plan, const std::string& scope);

struct Undone {
  std::vector<std::string> packages;  // installed by the runs taken back: they stay
  std::vector<int> generations;       // that were taken back
  std::vector<std::string> edited;  // left as somebody made them; what was there before lies beside
  std::vector<std::string> kept;    // folders that hold others' files, and master copies
};

/// Takes back what a run that was cut short left half done.
Result<Undone> heal(const Run& run);
/// Takes back the last generation; nothing when there is none.
[[nodiscard]] Result<Undone> roll_back(const Run& run);
/// Takes back all generations, the last first, without the master copies when `keep_keys`.
[[nodiscard]] Result<Undone> roll_back_all(const Run& run, bool keep_keys);

}  // namespace ntsbox::provision
