#pragma once
// What gpsd is told, and what its unit is held to. /etc/default/gpsd is the package's and stays.

#include <string>

namespace ntsbox::provision {

inline constexpr char gpsd_env_path[] = "/etc/ntsbox/gpsd.env";
inline constexpr char gpsd_drop_in_path[] = "/etc/systemd/system/gpsd.service.d/ntsbox.conf";
inline constexpr char gpsdctl_drop_in_path[] = "/etc/systemd/system/gpsdctl@.service.d/ntsbox.conf";

/// An environment file (systemd.exec(5)) with the variables of Debian's gpsd.service.
[[nodiscard]] std::string render_gpsd_env(const std::string& receiver);

/// gpsd.service reads that file, after the package's own, and is hardened.
[[nodiscard]] std::string render_gpsd_drop_in();

/// So does the unit by which udev adds receivers that are plugged in.
[[nodiscard]] std::string render_gpsdctl_drop_in();

}  // namespace ntsbox::provision
