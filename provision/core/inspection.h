#pragma once
// Reading what a machine says of itself. Whatever is not understood is taken for absent.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "provision/core/facts.h"

namespace ntsbox::provision {

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

/// The names of passwd(5) or group(5).
[[nodiscard]] std::set<std::string> account_names(std::string_view text);

/// The users and groups that a file of sysusers.d(5) makes: a user has a group of its name.
struct MadeAccounts {
  std::set<std::string> users, groups;
};

[[nodiscard]] MadeAccounts sysusers_accounts(std::string_view text);

/// The only board whose device trees are among `names` of a boot folder; empty when there are
/// several or none.
[[nodiscard]] std::optional<Board> board_of_boot_folder(const std::vector<std::string>& names);

/// Whether time_t has 32 bits: Debian's 32-bit ARM had that until bookworm, i386 has it still.
[[nodiscard]] bool has_narrow_time(std::string_view architecture, std::string_view codename);

}  // namespace ntsbox::provision
