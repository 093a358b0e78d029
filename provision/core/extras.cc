#include "provision/core/extras.h"

namespace ntsbox::provision {

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
