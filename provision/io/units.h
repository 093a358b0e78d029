#pragma once
// The units of a live machine, through systemctl. That they are enabled or masked is a matter of
// links, and those are files like others.

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

/// Makes each unit of `journal` what it was before; one that will not is told and passed over.
void restore_units(const Run& run, const Journal& journal);

}  // namespace ntsbox::provision
