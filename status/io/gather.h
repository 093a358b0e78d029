#pragma once
// The evidence on this machine.

#include "base/result.h"
#include "diagnose/evidence.h"

namespace ntsbox::status {

/// What every user can read, and the collection that root left or, run as root, a new one. Within
/// some seconds, also when nobody answers.
[[nodiscard]] Result<diagnose::Evidence> gather();

/// What chronyd answers to root alone. Fails when chronyd does not answer.
[[nodiscard]] Result<diagnose::Collection> collect();

}  // namespace ntsbox::status
