#include "provision/core/gpsd_conf.h"

#include <fmt/format.h>

#include <string_view>

namespace ntsbox::provision {
namespace {

bool is_usb(std::string_view receiver) {
  return receiver.starts_with("/dev/ttyUSB") || receiver.starts_with("/dev/ttyACM");
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

}  // namespace ntsbox::provision
