#include "provision/core/server_files.h"

#include <fmt/format.h>

#include "base/json.h"
#include "contract/constants.h"
#include "provision/core/identity.h"
#include "provision/core/texts.h"

namespace ntsbox::provision {
namespace {

constexpr Version first_with_leap_list{4, 6, 0};

std::string upstream_lines(const std::vector<std::string>& upstreams) {
  if (upstreams.empty()) return {};
  std::string text =
      "\n# Upstream servers: when most of them disagree with the receiver, chronyd does not follow "
      "it.\n";
  for (const auto& host : upstreams) text += fmt::format("server {} iburst nts\n", host);
  return text;
}

std::string leap_line(LeapSource source) {
  if (source == LeapSource::list) return "leapseclist /usr/share/zoneinfo/leap-seconds.list\n";
  return source == LeapSource::zone ? "leapsectz right/UTC\n" : "";
}

std::string allow_lines(const std::vector<std::string>& networks) {
  if (networks.empty()) return "# No network yet: give --allow NETWORK.\n";
  std::string text;
  for (const auto& network : networks) text += "allow " + network + "\n";
  return text;
}

std::string nts_lines() {
  return fmt::format(
      "\n"
      "# One file, replaced whole: key and certificate are always a pair.\n"
      "ntsservercert {0}\n"
      "ntsserverkey {0}\n"
      "ntsratelimit interval 3 burst 8 leak 2\n",
      served_pair);
}

bool is_usb(std::string_view receiver) {
  return receiver.starts_with("/dev/ttyUSB") || receiver.starts_with("/dev/ttyACM");
}

/// What a named set holds; nft takes no empty list of elements.
std::string elements(const std::vector<std::string>& networks) {
  return networks.empty() ? ""
                          : fmt::format("    elements = {{ {} }}\n", fmt::join(networks, ", "));
}

}  // namespace

std::string filled(std::string_view text,
                   const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out{text};
  for (const auto& [placeholder, value] : values)
    for (std::size_t at = 0; (at = out.find(placeholder, at)) != std::string::npos;
         at += value.size())
      out.replace(at, placeholder.size(), value);
  return out;
}

LeapSource leap_source(const Version& chrony, const Facts& facts) {
  if (chrony >= first_with_leap_list && facts.leap_seconds_list) return LeapSource::list;
  return facts.right_utc ? LeapSource::zone : LeapSource::none;
}

std::string render(const ChronyConf& conf) {
  return filled(
      chrony_conf,
      {{"@VERSION@", fmt::format("{}.{}", conf.chrony.major, conf.chrony.minor)},
       {"@SOCKET@", contract::socket_path},
       {"@REFID@", contract::refid},
       {"@FILTER@", conf.pulses_are_a_line ? "poll 1 filter 2 minsamples 12 precision 1e-6"
                                           : "poll 3 filter 16 precision 1e-7"},
       {"@DELAY@", std::to_string(conf.delay_us)},
       {"@UPSTREAMS@\n", upstream_lines(conf.upstreams)},
       {"@CLOCK_ERROR@", std::to_string(conf.clock_error_ppm)},
       {"@LEAP@\n", leap_line(conf.leap)},
       // Never an interface by name: chronyd does not start when it is missing.
       {"@TIMESTAMPS@\n", conf.hardware_timestamps ? "hwtimestamp *\n" : ""},
       {"@ALLOW@\n", allow_lines(conf.allow)},
       {"@NTS@\n", conf.nts ? nts_lines() : ""}});
}

// chronyd makes the socket as root, and nobody else could write to it. A failing chown must not end
// chronyd: the time goes on without a receiver.
//
// The capabilities are those that chronyd's AppArmor profile grants, less what only network devices
// need. The package keeps NoNewPrivileges= and AF_NETLINK open for sendmail (mailonchange).
std::string render_chrony_drop_in(bool hardware_timestamps) {
  return filled(
      chrony_drop_in_conf,
      {{"@USER@", contract::user},
       {"@SOCKET@", contract::socket_path},
       {"@TIMESTAMPS@\n", hardware_timestamps ? "CapabilityBoundingSet=CAP_NET_ADMIN\n" : ""}});
}

std::string render_gpsd_env(const std::string& receiver) {
  return filled(gpsd_env,
                {{"@RECEIVER@", receiver}, {"@USB@", is_usb(receiver) ? "true" : "false"}});
}

std::string render_daemon_settings(const std::string& receiver, const std::string& pulse,
                                   LatenessMode lateness, const BoardTraits& traits) {
  const bool own = !clock_of_pulse(pulse) && !pulse.starts_with("stream:");
  return filled(ntsboxd_toml,
                {{"@RECEIVER@", json_quote(receiver)},
                 {"@PULSE@", json_quote(pulse)},
                 {"@LATENESS@", json_quote(name_of(lateness))},
                 {"@LATENCY@", std::to_string(own ? traits.latency_us * 1000 : 0)},
                 {"@UNCERTAINTY@", std::to_string(traits.latency_uncertainty_us * 1000)}});
}

// PPS devices are numbered as they come: a network card's clock or a line discipline may be pps0.
// The overlay's is named after its node, "pps@" and the GPIO in hexadecimal; where a kernel names
// it otherwise, "pps…" is still none of the others.
std::string render_pulse_rule(int gpio) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps*\", SYMLINK+=\"ntsbox-pps\"\n"
      "SUBSYSTEM==\"pps\", ATTR{{name}}==\"pps@{:x}.*\", OPTIONS+=\"link_priority=10\"\n",
      gpio);
}

std::string render_clock_rule(const std::string& clock) {
  return fmt::format(
      "# Written by ntsbox-provision.\n"
      "SUBSYSTEM==\"ptp\", KERNEL==\"{}\", GROUP=\"_ntsbox\", MODE=\"0660\"\n",
      clock);
}

std::string render_firewall(const std::vector<std::string>& allow) {
  std::vector<std::string> v4, v6;
  for (const auto& network : allow)
    (network.find(':') == std::string::npos ? v4 : v6).push_back(network);
  return filled(firewall_nft, {{"@IPV4@\n", elements(v4)}, {"@IPV6@\n", elements(v6)}});
}

}  // namespace ntsbox::provision
