#pragma once
// chrony.conf, whole, for one version of chronyd, and the drop-in of chrony.service.

#include <string>
#include <vector>

#include "provision/core/facts.h"
#include "provision/core/paths.h"

namespace ntsbox::provision {

inline constexpr char chrony_conf_path[] = "/etc/chrony/chrony.conf";

/// Before this one chronyd knows no NTS.
inline constexpr Version oldest_chrony{4, 0, 0};

/// Where chronyd learns of leap seconds.
enum class LeapSource { none, zone, list };

struct ChronyConf {
  Version chrony;
  std::vector<std::string> upstreams;  // NTS servers
  std::vector<std::string> allow;      // networks
  bool hardware_timestamps = false;    // a network interface has a clock for them
  bool nts = true;                     // there is a certificate to serve with
  int delay_us = 20;                   // twice the error that nobody can see
  bool pulses_are_a_line = false;      // ntsboxd filters them: a second filter only adds a delay
  int clock_error_ppm = 5;
  LeapSource leap = LeapSource::none;
};

/// The best that this version can read and the machine has.
[[nodiscard]] LeapSource leap_source(const Version& chrony, const Facts& facts);

[[nodiscard]] std::string render(const ChronyConf& conf);

inline constexpr char chrony_drop_in_path[] = "/etc/systemd/system/chrony.service.d/ntsbox.conf";

/// Gives ntsboxd its socket, and hardens the unit. Hardware timestamps cost one capability more.
[[nodiscard]] std::string render_chrony_drop_in(bool hardware_timestamps);

}  // namespace ntsbox::provision
