#pragma once
// The real machine, or the tree of another one below --root.

#include <memory>
#include <string>

#include "provision/io/system.h"

namespace ntsbox::provision {

/// `boot`: the folder that stands in for /boot/firmware; "" for the root's own.
[[nodiscard]] Result<std::unique_ptr<System>> open_system(const std::string& root,
                                                          const std::string& boot);

}  // namespace ntsbox::provision
