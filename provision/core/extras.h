#pragma once
// What is only made on request.

#include <string>

namespace ntsbox::provision {

inline constexpr char tune_unit[] = "ntsbox-tune.service";
inline constexpr char tune_unit_path[] = "/etc/systemd/system/ntsbox-tune.service";
inline constexpr char auto_updates_path[] = "/etc/apt/apt.conf.d/52ntsbox-auto-updates";

/// A unit that holds the CPU at one frequency: each change delays interrupts and warms the crystal.
[[nodiscard]] std::string render_tune_unit();

/// apt.conf(5) for unattended-upgrades: security, and the stable updates that bring leap seconds.
[[nodiscard]] std::string render_auto_updates();

}  // namespace ntsbox::provision
