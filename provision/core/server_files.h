#pragma once
// The files that a server gets: chrony.conf, whole, for one version of chronyd; settings of gpsd
// and ntsboxd, drop-ins of their units, udev rules and the firewall. Their texts are in files/;
// those without a placeholder are used as they are.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/pulse_source.h"
#include "provision/core/board.h"
#include "provision/core/facts.h"

namespace ntsbox::provision {

inline constexpr char chrony_conf_path[] = "/etc/chrony/chrony.conf";
inline constexpr char chrony_drop_in_path[] = "/etc/systemd/system/chrony.service.d/ntsbox.conf";
inline constexpr char gpsd_env_path[] = "/etc/ntsbox/gpsd.env";
inline constexpr char gpsd_drop_in_path[] = "/etc/systemd/system/gpsd.service.d/ntsbox.conf";
inline constexpr char gpsdctl_drop_in_path[] = "/etc/systemd/system/gpsdctl@.service.d/ntsbox.conf";
inline constexpr char pulse_rule_path[] = "/etc/udev/rules.d/60-ntsbox-pulse.rules";
inline constexpr char firewall_path[] = "/etc/ntsbox/firewall.nft";
inline constexpr char firewall_unit[] = "ntsbox-firewall.service";
inline constexpr char firewall_unit_path[] = "/etc/systemd/system/ntsbox-firewall.service";
inline constexpr char tune_unit[] = "ntsbox-tune.service";
inline constexpr char tune_unit_path[] = "/etc/systemd/system/ntsbox-tune.service";
inline constexpr char auto_updates_path[] = "/etc/apt/apt.conf.d/52ntsbox-auto-updates";

/// The link to the GPIO's PPS device, whatever its number is.
inline constexpr char pulse_link[] = "/dev/ntsbox-pps";

/// The first with NTS.
inline constexpr Version oldest_chrony{4, 0, 0};

/// Where chronyd learns of leap seconds.
enum class LeapSource { none, zone, list };

struct ChronyConf {
  Version chrony;
  std::vector<std::string> upstreams;  // NTS servers
  std::vector<std::string> allow;      // networks
  bool hardware_timestamps = false;    // a network interface has a clock for them
  bool nts = true;                     // there is a certificate to serve with
  int delay_us = 20;                   // twice the error that the samples do not show
  bool pulses_are_a_line = false;      // ntsboxd filters them: a second filter only adds a delay
  int clock_error_ppm = 5;
  LeapSource leap = LeapSource::none;
};

/// `text` with each placeholder replaced by its value: {"@NAME@", "value"}.
[[nodiscard]] std::string filled(
    std::string_view text, const std::vector<std::pair<std::string_view, std::string>>& values);

/// The best that this version can read and the machine has.
[[nodiscard]] LeapSource leap_source(const Version& chrony, const Facts& facts);

[[nodiscard]] std::string render(const ChronyConf& conf);

/// Gives ntsboxd its socket, and hardens the unit. Hardware timestamps cost one capability more.
[[nodiscard]] std::string render_chrony_drop_in(bool hardware_timestamps);

/// An environment file (systemd.exec(5)) with the variables of Debian's gpsd.service.
[[nodiscard]] std::string render_gpsd_env(const std::string& receiver);

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

/// `allow`: networks in canonical form, both families.
[[nodiscard]] std::string render_firewall(const std::vector<std::string>& allow);

}  // namespace ntsbox::provision
