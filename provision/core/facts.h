#pragma once
// What a machine is, as far as a plan depends on it, and how its files are read: io/inspect fills
// it, tests make it up. What cannot be read counts as absent.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "provision/core/settings.h"

namespace ntsbox::provision {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;

  friend auto operator<=>(const Version&, const Version&) = default;
};

struct UnitFact {
  std::string file;      // "/lib/systemd/system/chrony.service", the target of its link where it is
                         // enabled; empty: no such unit
  bool enabled = false;  // some .wants/ under /etc names it
  bool masked = false;
};

struct Facts {
  // The system.
  std::string host_name;         // of the root
  std::string os_id;             // os-release ID: "debian", "raspbian"
  std::string os_codename;       // "bookworm"
  std::string architecture;      // dpkg's: "arm64"
  Board board = Board::generic;  // as found
  std::string model;             // the device tree's words; empty on a machine without one
  std::string boot_folder;       // "/boot/firmware", "/boot"; empty: no config.txt anywhere
  std::optional<std::string> config_txt, cmdline_txt;

  // What is installed.
  std::optional<Version> chrony, gpsd;    // empty: not installed
  std::set<std::string> packages;         // installed, of those that a plan may ask for
  bool leap_seconds_list = false;         // /usr/share/zoneinfo/leap-seconds.list
  bool right_utc = false;                 // /usr/share/zoneinfo/right/UTC
  std::map<std::string, UnitFact> units;  // by name, those that a plan may ask about
  std::set<std::string> users;            // also those that sysusers.d makes at boot
  std::string firewall;  // "ufw", "firewalld", "nftables" when one is in use; else empty
  std::vector<std::string> phc_interfaces;  // network interfaces with a PTP hardware clock

  // What time it is there, and what was made before.
  UtcSecond now{};
  bool narrow_time = false;                // time_t has 32 bits
  std::optional<std::string> certificate;  // /etc/ntsbox/pki/server.crt
  bool has_key = false;                    // /etc/ntsbox/pki/server.key
  bool has_authority = false;              // /etc/ntsbox/pki/ca.crt: a CA signed that certificate
};

/// It restarts gpsd when it is stuck, where the owner allows it.
inline constexpr char gpsd_restart_timer[] = "ntsbox-gpsd-restart.timer";

/// Units and packages that a plan may ask about.
[[nodiscard]] const std::vector<std::string>& units_of_interest();
[[nodiscard]] const std::vector<std::string>& packages_of_interest();

/// A Debian version: "4.3-2+deb12u3", "1:4.6.1-3".
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

/// A value of os-release(5), without its quotes; "" when it is not there.
[[nodiscard]] std::string os_release_value(std::string_view text, std::string_view key);

struct Package {
  std::string version, architecture;
};

/// The installed ones among `names`, of dpkg's status file.
[[nodiscard]] std::map<std::string, Package> installed_packages(
    std::string_view status, const std::vector<std::string>& names);

/// The names of passwd(5).
[[nodiscard]] std::set<std::string> account_names(std::string_view text);

/// The users that a file of sysusers.d(5) makes.
[[nodiscard]] std::set<std::string> sysusers_names(std::string_view text);

/// The only board whose device trees are among `names` of a boot folder; empty when there are
/// several or none.
[[nodiscard]] std::optional<Board> board_of_boot_folder(const std::vector<std::string>& names);

/// Whether time_t has 32 bits: Debian's 32-bit ARM had that until bookworm, i386 has it still.
[[nodiscard]] bool has_narrow_time(std::string_view architecture, std::string_view codename);

/// The directives of a chrony configuration, in words, the first in lower case; comments and empty
/// lines are left out (chrony.conf(5): a line is a comment when it begins with one of !;#%).
[[nodiscard]] std::vector<std::vector<std::string>> directives(std::string_view text);

/// Upper-case hexadecimal digits, as /proc/net writes a port.
[[nodiscard]] std::optional<std::int64_t> hexadecimal(std::string_view text);

/// The version in what `chronyd --version` prints: "chronyd (chrony) version 4.3 (+CMDMON ...)".
[[nodiscard]] std::optional<Version> chronyd_version(std::string_view output);

}  // namespace ntsbox::provision
