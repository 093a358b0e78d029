#pragma once
// The difference between what a machine is and what it shall be: what one run would do to it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "provision/core/entry.h"
#include "provision/core/plan.h"
#include "provision/core/transaction.h"

namespace ntsbox::provision {

/// One path. Empty: nothing is there.
struct Change {
  std::string path;
  std::optional<Entry> before, after;
  bool secret = false;
  std::string why;
};

/// What stands at the paths that were asked for.
using Machine = std::map<std::string, std::optional<Entry>>;

struct Comparison {
  std::vector<Change> changes;      // in the order in which they are to be done
  std::vector<std::string> edited;  // written by ntsbox and edited since: they stay
};

/// The paths that compare() asks about: the plan's, their parents', those beside them, and what is
/// ours.
[[nodiscard]] std::vector<std::string> paths_to_look_at(const Plan& plan, const Manifest& owned);

/// The paths that are ours and that the plan no longer names: they become again what they were
/// before us. `compare` needs those originals.
[[nodiscard]] std::vector<std::string> no_longer_wanted(const Plan& plan, const Manifest& owned);

/// Fails when something stands where the plan cannot put its own: a folder for a file, or a device.
/// `originals` holds what was at the paths of no_longer_wanted() before us.
[[nodiscard]] Result<Comparison> compare(const Plan& plan, const Machine& now,
                                         const Manifest& owned, const Machine& originals);

/// The units to act on once `changes` are done.
[[nodiscard]] std::vector<UnitAction> actions_for(const Plan& plan,
                                                  const std::vector<Change>& changes);
/// Whether some of `changes` take effect at the next boot only.
[[nodiscard]] bool needs_reboot(const Plan& plan, const std::vector<Change>& changes);

}  // namespace ntsbox::provision
