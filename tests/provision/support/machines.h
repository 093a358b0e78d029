#pragma once
// Machines as inspect() would find them.

#include <string>

#include "provision/core/facts.h"
#include "provision/core/settings.h"

namespace ntsbox::provision::testing {

inline constexpr char stock_config[] =
    "# The firmware reads this file before the kernel starts.\n"
    "dtparam=audio=on\n"
    "camera_auto_detect=1\n"
    "dtoverlay=vc4-kms-v3d\n"
    "arm_64bit=1\n"
    "\n"
    "[cm4]\n"
    "otg_mode=1\n"
    "\n"
    "[cm5]\n"
    "dtoverlay=dwc2,dr_mode=host\n"
    "\n"
    "[all]\n";

inline constexpr char stock_cmdline[] =
    "console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 rootwait\n";

/// A fresh Pi with Raspberry Pi OS, chrony and gpsd installed.
inline Facts fresh_pi(Board board = Board::pi4, bool trixie = false) {
  Facts facts;
  facts.host_name = "pi-time";
  facts.os_id = "debian";
  facts.os_codename = trixie ? "trixie" : "bookworm";
  facts.architecture = "arm64";
  facts.board = board;
  facts.model =
      board == Board::pi5 ? "Raspberry Pi 5 Model B Rev 1.0" : "Raspberry Pi 4 Model B Rev 1.4";
  facts.boot_folder = "/boot/firmware";
  facts.config_txt = stock_config;
  facts.cmdline_txt = stock_cmdline;
  facts.chrony = trixie ? Version{4, 6, 1} : Version{4, 3, 0};
  facts.gpsd = trixie ? Version{3, 25, 0} : Version{3, 22, 0};
  facts.packages = {"chrony", "gpsd"};
  facts.leap_seconds_list = true;
  facts.right_utc = !trixie;
  const std::string units = trixie ? "/usr/lib/systemd/system/" : "/lib/systemd/system/";
  for (const std::string unit : {"chrony.service", "gpsd.service", "gpsd.socket"})
    facts.units[unit] = {units + unit, true, false};
  for (const std::string unit :
       {"ntsboxd.service", "ntsbox-holdover.timer", "ntsbox-status.timer", "ntsbox-metrics.timer",
        "ntsbox-gpsd-restart.timer", "ntsbox-provision-resume.service"})
    facts.units[unit] = {"/usr/lib/systemd/system/" + unit, false, false};
  facts.users = {"root", "_chrony", "gpsd", "_ntsbox"};
  facts.now = UtcSecond{seconds{1'795'341'600}};
  return facts;
}

}  // namespace ntsbox::provision::testing
