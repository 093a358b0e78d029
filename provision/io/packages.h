#pragma once
// Packages of the root, through apt.

#include <string>
#include <vector>

#include "provision/io/apply.h"

namespace ntsbox::provision {

/// Asks nothing, keeps configuration files that were edited, waits for another apt. Not taken back
/// by any rollback: what is installed stays.
[[nodiscard]] Result<void> install_packages(const Run& run,
                                            const std::vector<std::string>& packages);

}  // namespace ntsbox::provision
