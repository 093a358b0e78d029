#pragma once
// What a machine must have to be a server with these settings.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "certs/issue.h"
#include "certs/names.h"
#include "provision/core/board.h"
#include "provision/core/facts.h"
#include "provision/core/identity.h"
#include "provision/core/plan.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

/// The decisions that the files of a server share.
struct Design {
  certs::Names names;
  Board board = Board::generic;
  Version chrony;  // installed, or about to be
  std::vector<std::string> upstreams;
  std::string receiver;
  std::string pulse;       // "/dev/…", "phc:…" or "stream:…"
  bool uses_uart = false;  // the header's, so that the firmware and the kernel must leave it alone
  bool uses_gpio = false;  // the overlay's pulse
};

/// The names for the certificate: the owner's, or the host name and HOST.local.
[[nodiscard]] Result<certs::Names> server_names(const Settings& settings, const Facts& facts);

/// Fails, with the cure, when this machine cannot become a server with these settings.
[[nodiscard]] Result<Design> decide(const Settings& settings, const Facts& facts);

/// The names for which a key and certificate must be made first; empty when what is there serves.
[[nodiscard]] std::optional<certs::Names> identity_wanted(const Settings& settings,
                                                          const Facts& facts);

/// The only place that decides. `identity` is empty when none could be made yet (the clock is
/// before the build date, or it comes from a CA elsewhere). Fails with the words and the cure when
/// the machine cannot become a server.
[[nodiscard]] Result<Plan> plan(const Settings& settings, const Facts& facts,
                                const std::optional<Identity>& identity);

}  // namespace ntsbox::provision
