#pragma once
// What a machine must have to be a server.

#include <optional>
#include <string>

#include "base/result.h"
#include "certs/issue.h"
#include "provision/core/facts.h"
#include "provision/core/identity.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

/// Whether a key and certificate must be made first, and for which names. Empty when what is there
/// serves.
struct IdentityWanted {
  certs::Names names;
  certs::KeyKind kind = certs::KeyKind::p256;
  std::string why{};
};

[[nodiscard]] std::optional<IdentityWanted> identity_wanted(const Settings& settings,
                                                            const Facts& facts);

/// The only place that decides. `identity` is empty when none could be made yet (the clock is
/// before the build date, or it comes from a CA elsewhere). Fails with the words and the cure when
/// the machine cannot become a server.
[[nodiscard]] Result<Plan> plan(const Settings& settings, const Facts& facts,
                                const std::optional<Identity>& identity);

}  // namespace ntsbox::provision
