#pragma once
// What ntsboxd is told: where its receiver and its pulses are.

#include <string>

#include "contract/lateness_mode.h"
#include "provision/core/board.h"

namespace ntsbox::provision {

inline constexpr char pulse_rule_path[] = "/etc/udev/rules.d/60-ntsbox-pulse.rules";
/// The link to the GPIO's PPS device, whatever its number is.
inline constexpr char pulse_link[] = "/dev/ntsbox-pps";

/// ntsboxd.toml. `pulse` is a source as in Settings; `lateness` too. What stamps the pulses of a
/// stream is not the board's interrupt, and its latency is unknown; nor is it what a PTP
/// hardware clock has.
[[nodiscard]] std::string render_daemon_settings(const std::string& receiver,
                                                 const std::string& pulse, LatenessMode lateness,
                                                 const BoardTraits& traits);

/// The udev rule that makes `pulse_link`.
[[nodiscard]] std::string render_pulse_rule(int gpio);

/// The udev rule that gives ntsboxd one PTP hardware clock, "ptpN". The package's own rule does
/// not: whoever may write to such a clock may set it.
[[nodiscard]] std::string render_clock_rule(const std::string& clock);

}  // namespace ntsbox::provision
