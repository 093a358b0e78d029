#include "provision/core/system_files.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "provision/core/validate.h"

namespace ntsbox::provision {
namespace {

bool is_usb(std::string_view receiver) {
  return receiver.starts_with("/dev/ttyUSB") || receiver.starts_with("/dev/ttyACM");
}

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

std::string render_gpsd_env(const std::string& receiver) {
  return fmt::format(
      "# Written by ntsbox-provision, read by gpsd.service after /etc/default/gpsd.\n"
      "#\n"
      "# The receiver alone: ntsboxd reads the pulses itself.\n"
      "DEVICES=\"{}\"\n"
      "# -n: read the receiver before anybody asks. -b: never write to it.\n"
      "GPSD_OPTIONS=\"-n -b\"\n"
      "OPTIONS=\"\"\n"
      "# Whether a receiver that is plugged in later is taken too.\n"
      "USBAUTO=\"{}\"\n",
      receiver, is_usb(receiver));
}

// gpsd drops to this user and group anyway, but only once it has opened its devices as root. The
// serial ports are of the group dialout. The numbers are those of ttyACM and ttyUSB (the kernel's
// devices.txt): their modules may not be loaded yet, and then they have no names.
std::string render_gpsd_drop_in() {
  return "# Written by ntsbox-provision.\n"
         "[Service]\n"
         "EnvironmentFile=-/etc/ntsbox/gpsd.env\n"
         "Restart=on-failure\n"
         "RestartSec=2\n"
         "\n"
         "User=gpsd\n"
         "Group=dialout\n"
         "CapabilityBoundingSet=\n"
         "NoNewPrivileges=yes\n"
         "UMask=0077\n"
         "DevicePolicy=closed\n"
         "DeviceAllow=char-ttyAMA rw\n"
         "DeviceAllow=char-ttyS rw\n"
         "DeviceAllow=char-166 rw\n"
         "DeviceAllow=char-188 rw\n"
         "DeviceAllow=char-pts rw\n"
         "IPAddressDeny=any\n"
         "IPAddressAllow=localhost\n"
         "KeyringMode=private\n"
         "LockPersonality=yes\n"
         "MemoryDenyWriteExecute=yes\n"
         "PrivateTmp=yes\n"
         "ProtectClock=yes\n"
         "ProtectControlGroups=yes\n"
         "ProtectHome=yes\n"
         "ProtectHostname=yes\n"
         "ProtectKernelLogs=yes\n"
         "ProtectKernelModules=yes\n"
         "ProtectKernelTunables=yes\n"
         "ProtectProc=invisible\n"
         "ProtectSystem=strict\n"
         "RemoveIPC=yes\n"
         "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
         "RestrictNamespaces=yes\n"
         "RestrictRealtime=yes\n"
         "RestrictSUIDSGID=yes\n"
         "SystemCallArchitectures=native\n"
         "SystemCallErrorNumber=EPERM\n"
         "SystemCallFilter=@system-service\n"
         "SystemCallFilter=~@resources @privileged\n";
}

std::string render_gpsdctl_drop_in() {
  return "# Written by ntsbox-provision.\n"
         "[Service]\n"
         "EnvironmentFile=-/etc/ntsbox/gpsd.env\n";
}

std::string render_daemon_settings(const std::string& receiver, const std::string& pulse,
                                   LatenessMode lateness, const BoardTraits& traits) {
  const bool own = !clock_of_pulse(pulse) && pulse.rfind("stream:", 0) != 0;
  return fmt::format(
      "# Written by ntsbox-provision; see ntsboxd.toml(5) for all settings.\n"
      "[gpsd]\n"
      "device = {}\n"
      "\n"
      "[pulse]\n"
      "source = {}\n"
      "edge = \"assert\"\n"
      "lateness = {}\n"
      "# As measured on such boards; `ntsbox-pps echo` measures this one.\n"
      "latency_ns = {}\n"
      "latency_uncertainty_ns = {}\n",
      json_quote(receiver), json_quote(pulse), json_quote(name_of(lateness)),
      own ? traits.latency_us * 1000 : 0, traits.latency_uncertainty_us * 1000);
}

// PPS devices are numbered as they come: a network card's clock or a line discipline may be pps0.
// The overlay's is named after its node, "pps@" and the GPIO in hexadecimal; where a kernel names
// it otherwise, "pps…" is still none of the others.
std::string render_pulse_rule(int gpio) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps*\", SYMLINK+=\"ntsbox-pps\"\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps@{:x}.*\", OPTIONS+=\"link_priority=10\"\n",
      gpio);
}

std::string render_clock_rule(const std::string& clock) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"ptp\", KERNEL==\"{}\", GROUP=\"_ntsbox\", MODE=\"0660\"\n",
      clock);
}

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

std::string render_tune_unit() {
  return "# Written by ntsbox-provision.\n"
         "[Unit]\n"
         "Description=Constant CPU frequency for ntsbox\n"
         "# Raspberry Pi OS chooses another governor there.\n"
         "After=raspi-config.service\n"
         "\n"
         "[Service]\n"
         "Type=oneshot\n"
         "RemainAfterExit=yes\n"
         "ExecStart=/bin/sh -c 'for g in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do "
         "[ ! -w \"$g\" ] || echo performance > \"$g\"; done'\n"
         "\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

// The lists add to those of 50unattended-upgrades, which holds security updates already.
std::string render_auto_updates() {
  return "// Written by ntsbox-provision.\n"
         "APT::Periodic::Update-Package-Lists \"1\";\n"
         "APT::Periodic::Unattended-Upgrade \"1\";\n"
         "Unattended-Upgrade::Origins-Pattern {\n"
         "        \"origin=Debian,codename=${distro_codename}-updates\";\n"
         "        \"origin=Debian,codename=${distro_codename}-security,label=Debian-Security\";\n"
         "        \"origin=Raspberry Pi Foundation,codename=${distro_codename}\";\n"
         "};\n"
         "Unattended-Upgrade::Automatic-Reboot \"false\";\n";
}

}  // namespace ntsbox::provision
