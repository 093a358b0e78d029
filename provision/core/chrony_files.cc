#include "provision/core/chrony_files.h"

#include <fmt/format.h>

#include "contract/constants.h"

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

}  // namespace ntsbox::provision
