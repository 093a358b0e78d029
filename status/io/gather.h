#pragma once
// Asking this machine.

#include "base/result.h"
#include "status/core/evidence.h"

namespace ntsbox::status {

/// What is told to everybody, and the collection that root left or, being root, makes. Within some
/// seconds, also when nobody answers.
[[nodiscard]] Result<Evidence> gather();

/// What only root is told. Fails when chronyd will not say it.
[[nodiscard]] Result<Collection> collect();

}  // namespace ntsbox::status
