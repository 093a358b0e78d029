#include "provision/core/firewall.h"

#include <fmt/format.h>

namespace ntsbox::provision {
namespace {

bool is_v6(const std::string& network) {
  return network.find(':') != std::string::npos;
}

/// A named set; nft takes no empty list of elements.
std::string set_of(const char* name, const char* type, const std::vector<std::string>& networks) {
  auto text = fmt::format(
      "  set {} {{\n"
      "    type {}\n"
      "    flags interval\n"
      "    auto-merge\n",
      name, type);
  if (!networks.empty())
    text += fmt::format("    elements = {{ {} }}\n", fmt::join(networks, ", "));
  return text + "  }\n";
}

}  // namespace

// NTP is many short exchanges: without `notrack` a busy server fills the table of connections.
std::string render_firewall(const std::vector<std::string>& allow) {
  std::vector<std::string> v4, v6;
  for (const auto& network : allow) (is_v6(network) ? v6 : v4).push_back(network);
  return "# Written by ntsbox-provision, loaded by ntsbox-firewall.service. Other tables decide as "
         "well: what\n"
         "# one of them drops stays dropped.\n"
         "table inet ntsbox\n"
         "delete table inet ntsbox\n"
         "\n"
         "table inet ntsbox {\n" +
         set_of("clients4", "ipv4_addr", v4) + set_of("clients6", "ipv6_addr", v6) +
         "\n"
         "  chain untracked_in {\n"
         "    type filter hook prerouting priority raw; policy accept;\n"
         "    fib daddr type local udp dport 123 notrack\n"
         "  }\n"
         "\n"
         "  chain untracked_out {\n"
         "    type filter hook output priority raw; policy accept;\n"
         "    udp sport 123 notrack\n"
         "  }\n"
         "\n"
         "  chain input {\n"
         "    type filter hook input priority filter - 5; policy accept;\n"
         "    iif lo accept\n"
         "    tcp dport 4460 ct state established accept\n"
         "    ip saddr @clients4 udp dport 123 accept\n"
         "    ip6 saddr @clients6 udp dport 123 accept\n"
         "    ip saddr @clients4 tcp dport 4460 ct state new limit rate 20/second burst 40 packets "
         "accept\n"
         "    ip6 saddr @clients6 tcp dport 4460 ct state new limit rate 20/second burst 40 "
         "packets accept\n"
         "    udp dport { 123, 323 } counter drop\n"
         "    tcp dport { 2947, 4460 } counter drop\n"
         "  }\n"
         "}\n";
}

std::string render_firewall_unit() {
  return "# Written by ntsbox-provision.\n"
         "[Unit]\n"
         "Description=Who may ask ntsbox for the time\n"
         "Wants=network-pre.target\n"
         "Before=network-pre.target shutdown.target\n"
         "Conflicts=shutdown.target\n"
         "# Its start empties the whole ruleset.\n"
         "After=nftables.service\n"
         "PartOf=nftables.service\n"
         "DefaultDependencies=no\n"
         "\n"
         "[Service]\n"
         "Type=oneshot\n"
         "RemainAfterExit=yes\n"
         "ExecStart=/usr/sbin/nft -f /etc/ntsbox/firewall.nft\n"
         "ExecStop=-/usr/sbin/nft delete table inet ntsbox\n"
         "\n"
         "[Install]\n"
         "WantedBy=sysinit.target\n";
}

}  // namespace ntsbox::provision
