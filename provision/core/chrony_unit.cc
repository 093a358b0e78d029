#include "provision/core/chrony_unit.h"

#include <fmt/format.h>

#include "contract/constants.h"

namespace ntsbox::provision {

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
