#pragma once
// The names that a certificate may carry. Whatever passes here is safe in a certificate, in a line
// of chrony.conf and on a terminal.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ntsbox::certs {

/// The names by which clients know a server, as `checked` gives them.
struct Names {
  std::vector<std::string> hosts;      // the first is the primary one
  std::vector<std::string> addresses;  // IPv4 and IPv6

  friend bool operator==(const Names&, const Names&) = default;
};

/// `text` in lower case. Fails, with the reason, unless it is a host name of letters, digits and
/// hyphens (RFC 1123 §2.1: labels of 1 to 63, 253 in all) that no resolver takes for an address.
[[nodiscard]] Result<std::string> host_name(std::string_view text);

/// The canonical text (RFC 5952) of an address that a server can have. Fails, with the reason, for
/// anything else: a zone, a link-local, multicast or unspecified address, IPv4 in IPv6's clothes.
[[nodiscard]] Result<std::string> ip_address(std::string_view text);

/// `names` in the form of the two above, in their order, each once. Fails when one of them does,
/// and unless there is one name at least and 64 at most.
[[nodiscard]] Result<Names> checked(const Names& names);

}  // namespace ntsbox::certs
