#pragma once
// What a failure to hand a sample to chronyd means to a person.

#include <string>

#include "driver/core/settings.h"

namespace ntsbox::driver {

/// One line for the errno `code` that a send to `sink` gave: what is wrong and the cure.
[[nodiscard]] std::string describe_sink_failure(const ChronySink& sink, int code);

}  // namespace ntsbox::driver
