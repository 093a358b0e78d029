#pragma once
// What this program is.

#include <string_view>

#include "base/time.h"

namespace ntsbox::provision {

/// "0.1.0".
[[nodiscard]] std::string_view version();
/// A clock that shows an earlier date is wrong.
[[nodiscard]] UtcSecond release_date();

}  // namespace ntsbox::provision
