#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "contract/pulse_source.h"
#include "provision/core/server_files.h"
#include "provision/core/server_plan.h"

namespace ntsbox::provision {
namespace {

/// Public NTS servers of four operators, anycast or in different countries, who invite everybody.
/// The receiver and any two of them outvote the rest.
const std::vector<std::string>& default_upstreams() {
  static const std::vector<std::string> servers = {"time.cloudflare.com", "nts.netnod.se",
                                                   "ptbtime1.ptb.de", "ntppool1.time.nl"};
  return servers;
}

struct Release {
  std::string_view codename;
  Version chrony;
};

constexpr std::array<Release, 5> releases = {{{"bullseye", {4, 0, 0}},
                                              {"bookworm", {4, 3, 0}},
                                              {"trixie", {4, 6, 1}},
                                              {"jammy", {4, 2, 0}},
                                              {"noble", {4, 5, 0}}}};

/// The version that a package installation would bring; the oldest one where that is unknown.
Version chrony_of(const std::string& codename) {
  const auto* found = std::find_if(releases.begin(), releases.end(),
                                   [&](const Release& r) { return r.codename == codename; });
  return found == releases.end() ? oldest_chrony : found->chrony;
}

/// What keeps a system from becoming a server; "" when nothing does.
std::string system_fault(const Facts& facts) {
  constexpr std::array<std::string_view, 3> known = {"debian", "raspbian", "ubuntu"};
  if (std::find(known.begin(), known.end(), facts.os_id) == known.end())
    return fmt::format(
        "this system ({}) is none that ntsbox knows: it needs Raspberry Pi OS, Debian or Ubuntu",
        facts.os_id.empty() ? "no /etc/os-release" : facts.os_id);
  if (facts.chrony && *facts.chrony < oldest_chrony)
    return fmt::format("chrony {}.{} knows no NTS: bring the system to a release with chrony 4",
                       facts.chrony->major, facts.chrony->minor);
  for (const auto& [name, unit] : facts.units)
    if (unit.masked && (name == "chrony.service" || name == "gpsd.service" ||
                        name == "gpsd.socket" || name == "ntsboxd.service"))
      return fmt::format("{} is masked: `systemctl unmask {}` first", name, name);
  return "";
}

bool is_on_header(const std::string& receiver) {
  return receiver == "/dev/ttyAMA0" || receiver == "/dev/ttyS0" || receiver == "/dev/serial0";
}

/// Chooses the receiver, its pulse, and what the firmware must do for them.
Result<void> choose_devices(const Settings& settings, const Facts& facts, Design& design) {
  const auto pulse = pulse_source(settings.pulse);
  const bool stream = pulse && std::holds_alternative<StreamSource>(*pulse);
  const bool pi = !traits_of(design.board).section.empty();
  design.receiver = settings.receiver;
  if (design.receiver.empty() && pi && !stream) design.receiver = traits_of(design.board).receiver;
  design.pulse = settings.pulse.empty() && pi ? pulse_link : settings.pulse;
  const bool unknown_pi = facts.model.empty() && !facts.boot_folder.empty() && !settings.board;
  if (!pi && !stream && unknown_pi)
    return fail(
        "which board this image is for cannot be seen: give --board pi3, pi4, pi5 or zero2");
  if (design.receiver.empty())
    return fail("where the receiver is cannot be known on this machine: give --receiver DEVICE");
  if (design.pulse.empty())
    return fail("where the pulse comes in cannot be known on this machine: give --pulse /dev/ppsN");
  design.uses_uart = pi && !stream && is_on_header(design.receiver);
  design.uses_gpio = pi && settings.pulse.empty();
  if ((design.uses_uart || design.uses_gpio) && !facts.config_txt)
    return fail(
        "there is no config.txt in /boot/firmware and /boot: mount the boot partition there, or "
        "give --boot DIR");
  return {};
}

}  // namespace

Result<certs::Names> server_names(const Settings& settings, const Facts& facts) {
  certs::Names names{settings.names, settings.addresses};
  if (!names.hosts.empty()) return certs::checked(names);
  if (facts.host_name.empty() || facts.host_name == "localhost")
    return fail("this machine has no host name: give --name HOST");
  names.hosts.push_back(facts.host_name);
  const auto local = facts.host_name.substr(0, facts.host_name.find('.')) + ".local";
  if (local != facts.host_name) names.hosts.push_back(local);
  auto good = certs::checked(names);
  if (!good)
    return fail("the host name cannot stand in a certificate: " + good.error().message +
                "; give --name HOST");
  return good;
}

Result<Design> decide(const Settings& settings, const Facts& facts) {
  if (const auto fault = system_fault(facts); !fault.empty()) return fail(fault);
  Design design;
  TRY(auto names, server_names(settings, facts));
  design.names = std::move(names);
  design.board = settings.board.value_or(facts.board);
  design.chrony = facts.chrony.value_or(chrony_of(facts.os_codename));
  if (!settings.airgap)
    design.upstreams = settings.upstreams.empty() ? default_upstreams() : settings.upstreams;
  TRY(choose_devices(settings, facts, design));
  return design;
}

}  // namespace ntsbox::provision
