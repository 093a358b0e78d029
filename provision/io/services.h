#pragma once
// The package manager and systemd of a root.

#include <string>
#include <vector>

#include "provision/core/change.h"
#include "provision/io/apply.h"

namespace ntsbox::provision {

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
