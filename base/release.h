#pragma once
// The release that this program was built from.

#include <string_view>

#include "base/time.h"

namespace ntsbox {

/// "0.1.0".
[[nodiscard]] std::string_view version();
/// The date of the release: a clock that shows an earlier one is wrong.
[[nodiscard]] UtcSecond release_date();

}  // namespace ntsbox
