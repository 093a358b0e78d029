#pragma once
// What ntsboxd is told: where its receiver and its pulses are.

#include <string>

namespace ntsbox::provision {

inline constexpr char pulse_rule_path[] = "/etc/udev/rules.d/60-ntsbox-pulse.rules";
/// The link to the GPIO's PPS device, whatever its number is.
inline constexpr char pulse_link[] = "/dev/ntsbox-pps";

/// ntsboxd.toml. `pulse` is "/dev/…" or "stream:…".
[[nodiscard]] std::string render_daemon_settings(const std::string& receiver,
                                                 const std::string& pulse);

/// The udev rule that makes `pulse_link`.
[[nodiscard]] std::string render_pulse_rule(int gpio);

}  // namespace ntsbox::provision
