#pragma once
// One screen of 80 columns: is the time good, and how do I know?

#include <string>

#include "status/core/judge.h"

namespace ntsbox::status {

/// Lines of 79 characters at most, plain ASCII but for what others named; in colour when asked.
[[nodiscard]] std::string screen(const View& view, const Judgement& judgement,
                                 const std::string& host, bool colour);

}  // namespace ntsbox::status
