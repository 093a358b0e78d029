#pragma once
// A table of its own for nftables: it says who may reach the box's own ports, and nothing about any
// other traffic.

#include <string>
#include <vector>

namespace ntsbox::provision {

inline constexpr char firewall_path[] = "/etc/ntsbox/firewall.nft";
inline constexpr char firewall_unit[] = "ntsbox-firewall.service";
inline constexpr char firewall_unit_path[] = "/etc/systemd/system/ntsbox-firewall.service";

/// `allow`: networks in canonical form, both families.
[[nodiscard]] std::string render_firewall(const std::vector<std::string>& allow);
[[nodiscard]] std::string render_firewall_unit();

}  // namespace ntsbox::provision
