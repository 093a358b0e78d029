#pragma once
// What a server is, once the settings and the machine are both known: the decisions that its files
// share.

#include <string>
#include <vector>

#include "base/result.h"
#include "certs/names.h"
#include "provision/core/board.h"
#include "provision/core/facts.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

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

}  // namespace ntsbox::provision
