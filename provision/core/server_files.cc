#include "provision/core/server_files.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "contract/constants.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {
namespace {

constexpr Version first_with_leap_list{4, 6, 0};

std::string head(const Version& version) {
  return fmt::format(
      "# Written by ntsbox-provision for chrony {}.{}, whole: an unknown directive keeps chronyd "
      "from\n"
      "# starting. Your own additions belong in /etc/chrony/conf.d/*.conf and\n"
      "# /etc/chrony/sources.d/*.sources, which are read at the end.\n",
      version.major, version.minor);
}

std::string sources(const ChronyConf& conf) {
  auto text = fmt::format(
      "\n"
      "# The receiver, by ntsboxd. `delay` gives NTP clients the errors that no statistics "
      "show.\n"
      "refclock SOCK {} refid {} {} delay {}e-6 prefer\n",
      contract::socket_path, contract::refid,
      conf.pulses_are_a_line ? "poll 1 filter 2 minsamples 12 precision 1e-6"
                             : "poll 3 filter 16 precision 1e-7",
      conf.delay_us);
  if (!conf.upstreams.empty())
    text +=
        "\n# Upstream servers: when most of them disagree with the receiver, chronyd does not "
        "follow it.\n";
  for (const auto& host : conf.upstreams) text += fmt::format("server {} iburst nts\n", host);
  return text +
         "\n"
         "# Nobody steers this clock without authentication. The default, mix, would trust the "
         "receiver\n"
         "# against all upstream servers.\n"
         "authselectmode require\n";
}

std::string clock(const ChronyConf& conf) {
  auto text = fmt::format(
      "\n"
      "makestep 0.1 3\n"
      "maxupdateskew 100\n"
      "# The kernel's clock counts as synchronised: ntsboxd checks its seconds by that.\n"
      "rtcsync\n"
      "# The largest drift of the oscillator without a source (ppm): clients get it as "
      "dispersion.\n"
      "maxclockerror {}\n",
      conf.clock_error_ppm);
  if (conf.leap == LeapSource::list) text += "leapseclist /usr/share/zoneinfo/leap-seconds.list\n";
  if (conf.leap == LeapSource::zone) text += "leapsectz right/UTC\n";
  // Never an interface by name: chronyd does not start when it is missing.
  if (conf.hardware_timestamps) text += "hwtimestamp *\n";
  return text + "lock_all\nsched_priority 50\n";
}

std::string service(const ChronyConf& conf) {
  std::string text =
      "\n"
      "# Who may ask: this machine, so that ntsbox-provision verify can, and these.\n"
      "allow 127.0.0.1\n"
      "allow ::1\n";
  for (const auto& network : conf.allow) text += "allow " + network + "\n";
  if (conf.allow.empty()) text += "# No network yet: give --allow NETWORK.\n";
  text +=
      "ratelimit interval 1 burst 16 leak 2\n"
      "clientloglimit 4194304\n";
  if (conf.nts)
    text += fmt::format(
        "\n"
        "# One file, replaced whole: key and certificate are always a pair.\n"
        "ntsservercert {}\n"
        "ntsserverkey {}\n"
        "ntsratelimit interval 3 burst 8 leak 2\n",
        served_pair, served_pair);
  return text +
         "\n"
         "# The keys of the cookies outlive a restart, so that clients notice none.\n"
         "ntsdumpdir /var/lib/chrony\n"
         "\n"
         "# chronyc works for everybody on this machine, and for nobody else.\n"
         "bindcmdaddress 127.0.0.1\n"
         "bindcmdaddress ::1\n";
}

constexpr char files[] =
    "\n"
    "driftfile /var/lib/chrony/chrony.drift\n"
    "dumpdir /var/lib/chrony\n"
    "logdir /var/log/chrony\n"
    "log tracking statistics\n"
    "\n"
    "confdir /etc/chrony/conf.d\n"
    "sourcedir /etc/chrony/sources.d\n";

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

LeapSource leap_source(const Version& chrony, const Facts& facts) {
  if (chrony >= first_with_leap_list && facts.leap_seconds_list) return LeapSource::list;
  return facts.right_utc ? LeapSource::zone : LeapSource::none;
}

std::string render(const ChronyConf& conf) {
  return head(conf.chrony) + sources(conf) + clock(conf) + service(conf) + files;
}

// chronyd makes the socket as root, and nobody else could write to it. A failing chown must not end
// chronyd: the time goes on without a receiver.
//
// The capabilities are those that chronyd's AppArmor profile grants, less what only network devices
// need. The package keeps NoNewPrivileges= and AF_NETLINK open for sendmail (mailonchange).
std::string render_chrony_drop_in(bool hardware_timestamps) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "[Service]\n"
      "ExecStartPost=-+/bin/chown {} {}\n"
      "Restart=on-failure\n"
      "RestartSec=5\n"
      "\n"
      "CapabilityBoundingSet=\n"
      "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_NET_BIND_SERVICE\n"
      "CapabilityBoundingSet=CAP_SETGID CAP_SETUID CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME\n"
      "{}"
      "KeyringMode=private\n"
      "NoNewPrivileges=yes\n"
      "PrivateMounts=yes\n"
      "RemoveIPC=yes\n"
      "RestrictAddressFamilies=\n"
      "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX\n"
      "SystemCallErrorNumber=EPERM\n"
      "SystemCallFilter=\n"
      "SystemCallFilter=@system-service @clock seccomp\n"
      "UMask=0077\n",
      contract::user, contract::socket_path,
      hardware_timestamps ? "CapabilityBoundingSet=CAP_NET_ADMIN\n" : "");
}

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
