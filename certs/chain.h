#pragma once
// A certificate and the CA that is said to have signed it.

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace ntsbox::certs {

/// Fails, with the reason, unless `leaf` can serve at `now` before a client that trusts `authority`
/// alone (both PEM; RFC 5280 §6: signature, dates, constraints).
[[nodiscard]] Result<void> check_chain(std::string_view leaf, std::string_view authority,
                                       UtcSecond now);

}  // namespace ntsbox::certs
