#include "provision/core/server_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "certs/inspect.h"
#include "contract/constants.h"
#include "provision/core/board.h"
#include "provision/core/identity.h"
#include "provision/core/server_files.h"
#include "provision/core/texts.h"

namespace ntsbox::provision {
namespace {

constexpr char etc_units[] = "/etc/systemd/system";
constexpr char node_exporter[] = "prometheus-node-exporter";
constexpr char resume_unit[] = "ntsbox-provision-resume.service";
constexpr unsigned boot_file_mode = 0755;  // as FAT shows its files

using Verb = UnitAction::Verb;

/// A plan under construction, and what it is made of.
struct Draft {
  const Settings& settings;
  const Facts& facts;
  const Design& design;
  Plan plan{};

  void add(Resource resource) { plan.resources.push_back(std::move(resource)); }

  void file(std::string path, std::string_view content, std::string why) {
    add(Resource::file(std::move(path), std::string{content}, std::move(why)));
  }

  void note(std::string text) { plan.notes.push_back(std::move(text)); }

  void act(Verb verb, std::string unit, std::vector<std::string> because_of, std::string why) {
    plan.units.push_back({verb, std::move(unit), std::move(because_of), std::move(why)});
  }

  void package(const std::string& name) {
    if (facts.packages.count(name) == 0) plan.packages.push_back(name);
  }

  [[nodiscard]] const UnitFact* unit(const std::string& name) const {
    const auto found = facts.units.find(name);
    return found == facts.units.end() || found->second.file.empty() ? nullptr : &found->second;
  }
};

/// Enables a unit as systemctl would; a link that does so already stays as it is. Gives its path.
std::string enable(Draft& draft, const std::string& unit, const std::string& target,
                   std::string file = {}) {
  auto path = fmt::format("{}/{}.wants/{}", etc_units, target, unit);
  if (const auto* known = draft.unit(unit)) file = known->file;
  if (file.empty()) file = "/lib/systemd/system/" + unit;
  draft.add(Resource::link(path, file, "starts at boot"));
  return path;
}

/// Enables a timer and starts it.
void keep_timer(Draft& draft, const std::string& timer, std::string why) {
  const auto link = enable(draft, timer, "timers.target");
  draft.act(Verb::start, timer, {link}, std::move(why));
}

/// The timer of a right that the owner may give and take away: what is no longer wanted stops now.
void keep_timer_if(Draft& draft, bool wanted, const std::string& timer, std::string why) {
  if (wanted) return keep_timer(draft, timer, std::move(why));
  draft.act(Verb::stop, timer, {fmt::format("{}/timers.target.wants/{}", etc_units, timer)},
            "is no longer allowed");
}

/// A unit that must never run.
void mask(Draft& draft, const std::string& unit, std::string why) {
  auto path = fmt::format("{}/{}", etc_units, unit);
  draft.add(Resource::link(path, "/dev/null", why));
  draft.act(Verb::stop, unit, {path}, std::move(why));
}

/// What the certificate in service does not do that the settings ask for.
void note_certificate(Draft& draft, const std::string& certificate) {
  const auto served = certs::inspect(certificate);
  if (!served) return;
  for (const auto* names : {&draft.settings.names, &draft.settings.addresses})
    for (const auto& name : *names)
      if (!certs::covers(*served, name))
        draft.note(
            fmt::format("The certificate is not for {}: `ntsbox-provision renew` makes the next "
                        "one, for it too.",
                        name));
  if (draft.settings.ca && !draft.facts.has_authority)
    draft.note(
        "The certificate in service is the server's own: `ntsbox-provision request` asks the CA "
        "for the next one.");
}

void add_identity(Draft& draft, const std::optional<Identity>& identity) {
  draft.add(Resource::folder("/etc/ntsbox", 0755, "settings of ntsbox"));
  draft.add(Resource::folder(pki_folder, 0700, "what `apt purge chrony` must not delete"));
  draft.add(served_folder_resource());
  if (!identity) {
    draft.plan.identity_pending = !draft.settings.ca;
    draft.note(draft.settings.ca ? "NTS waits for its certificate: `ntsbox-provision request` "
                                   "here, `ca sign` where the CA's key is, `import` here."
                                 : "NTS waits for its certificate, which is made once the clock is "
                                   "right, at the next boot at the latest.");
    return;
  }
  draft.add(Resource::secret_file(pki_key, identity->key, "the key"));
  draft.file(pki_certificate, identity->certificate, "the certificate that clients trust");
  put_served(draft.plan, *identity);
  note_certificate(draft, identity->certificate);
}

void add_chrony(Draft& draft, bool nts) {
  const auto& [settings, facts, design, plan] = draft;
  const auto& traits = traits_of(design.board);
  ChronyConf conf;
  conf.chrony = design.chrony;
  conf.upstreams = design.upstreams;
  conf.allow = settings.allow;
  // A clock of a PHY misses pulses while packets have it read.
  conf.hardware_timestamps = !facts.phc_interfaces.empty() && !clock_of_pulse(design.pulse);
  conf.nts = nts;
  conf.delay_us = 2 * traits.latency_uncertainty_us;
  conf.pulses_are_a_line = settings.lateness == LatenessMode::automatic;
  conf.clock_error_ppm = traits.clock_error_ppm;
  conf.leap = leap_source(design.chrony, facts);
  draft.file(chrony_conf_path, render(conf), "time from the receiver, served with NTS");
  draft.file(chrony_drop_in_path, render_chrony_drop_in(conf.hardware_timestamps),
             "gives ntsboxd its socket, and hardens the unit");
  const auto link = enable(draft, "chrony.service", "multi-user.target");
  draft.plan.validations.push_back({chrony_conf_path, {"/usr/sbin/chronyd", "-p", "-f", "{}"}});
  draft.act(Verb::restart, "chrony.service",
            {chrony_conf_path, chrony_drop_in_path, served_pair, link},
            "reads its configuration and its certificate when it starts");
  keep_timer(draft, "ntsbox-holdover.timer", "ends a holdover that has lasted too long");
  if (facts.chrony && conf.leap == LeapSource::none)
    draft.note(
        "No table of leap seconds is there for this chronyd: install tzdata (before chrony 4.6: "
        "tzdata-legacy where it exists).");
}

void add_gpsd(Draft& draft) {
  draft.file(gpsd_env_path, render_gpsd_env(draft.design.receiver), "which receiver gpsd reads");
  // gpsd drops to its user and group anyway, but only once it has opened its devices as root. The
  // serial ports are of the group dialout. 166 and 188 are ttyACM and ttyUSB (the kernel's
  // devices.txt): their modules may not be loaded yet, and then they have no names.
  draft.file(gpsd_drop_in_path, gpsd_drop_in_conf, "reads that file, and hardens the unit");
  draft.file(gpsdctl_drop_in_path, gpsdctl_drop_in_conf,
             "reads that file too when something is plugged in");
  const auto socket = enable(draft, "gpsd.socket", "sockets.target");
  const auto service = enable(draft, "gpsd.service", "multi-user.target");
  draft.act(Verb::start, "gpsd.socket", {socket}, "gpsd's port, on this machine alone");
  draft.act(Verb::restart, "gpsd.service", {gpsd_env_path, gpsd_drop_in_path, service},
            "reads its settings when it starts");
  keep_timer_if(draft, draft.settings.restart_gpsd, gpsd_restart_timer,
                "restarts gpsd when it is stuck, at most once an hour");
}

void add_daemon(Draft& draft) {
  draft.file(contract::daemon_settings,
             render_daemon_settings(draft.design.receiver, draft.design.pulse,
                                    draft.settings.lateness, traits_of(draft.design.board)),
             "where ntsboxd finds receiver and pulse");
  const auto clock = clock_of_pulse(draft.design.pulse);
  if (draft.design.uses_gpio)
    draft.file(pulse_rule_path, render_pulse_rule(draft.settings.pps_gpio),
               "the pulse's device has one name, whatever its number");
  if (clock)
    draft.file(pulse_rule_path, render_clock_rule(*clock), "lets ntsboxd read the pulse's clock");
  if (draft.design.uses_gpio || clock)
    draft.act(Verb::restart, "systemd-udev-trigger.service", {pulse_rule_path},
              "names the devices that are there already");
  const auto link = enable(draft, contract::unit, "multi-user.target");
  draft.act(Verb::restart, contract::unit, {contract::daemon_settings, link},
            "reads its settings when it starts");
}

/// So that an ordinary user sees all that ntsbox-status shows, and node_exporter where it is.
void add_status(Draft& draft) {
  keep_timer(draft, "ntsbox-status.timer", "collects what chronyd shows to root alone");
  if (draft.facts.packages.count(node_exporter) != 0)
    keep_timer(draft, "ntsbox-metrics.timer", "makes metrics for node_exporter");
}

/// The header's UART for the receiver, and the pulse on its GPIO.
Result<void> add_boot(Draft& draft) {
  const auto& [settings, facts, design, plan] = draft;
  if (!design.uses_uart && !design.uses_gpio) return {};
  const auto config_path = facts.boot_folder + "/config.txt";
  const bool keep_bluetooth = design.receiver == "/dev/ttyS0";
  TRY(auto config, with_boot_block(*facts.config_txt, config_path,
                                   {design.board, design.uses_uart, keep_bluetooth,
                                    design.uses_gpio ? settings.pps_gpio : 0}));
  const auto add = [&](const std::string& path, std::string content, const std::string& before,
                       std::string why) {
    const bool changes = content != before;
    draft.add({.path = path,
               .entry = Entry::file(std::move(content), boot_file_mode),
               .why = std::move(why),
               .shared = true});
    draft.plan.reboot_because_of.push_back(path);
    if (changes) draft.note(path + " takes effect at the next boot.");
  };
  add(config_path, std::move(config), *facts.config_txt,
      design.uses_gpio ? "the receiver's UART, and the pulse" : "the receiver's UART");
  if (!design.uses_uart) return {};
  if (facts.cmdline_txt) {
    const auto path = facts.boot_folder + "/cmdline.txt";
    TRY(auto cmdline, without_serial_console(*facts.cmdline_txt, path));
    add(path, std::move(cmdline), *facts.cmdline_txt, "no console on the receiver's UART");
  }
  mask(draft, "serial-getty@" + design.receiver.substr(sizeof "/dev/" - 1) + ".service",
       "no login on the receiver's UART");
  if (draft.unit("hciuart.service") && traits_of(design.board).bluetooth_has_uart &&
      !keep_bluetooth)
    mask(draft, "hciuart.service", "Bluetooth gives the UART to the receiver");
  return {};
}

void add_firewall(Draft& draft) {
  const auto& facts = draft.facts;
  if (draft.settings.firewall == Firewall::nft) {
    draft.package("nftables");
    // NTP is many short exchanges: without `notrack` a busy server fills the table of connections.
    draft.file(firewall_path, render_firewall(draft.settings.allow),
               "who may reach the server's ports");
    draft.file(firewall_unit_path, ntsbox_firewall_service, "loads it at boot");
    const auto link = enable(draft, firewall_unit, "sysinit.target", firewall_unit_path);
    draft.plan.validations.push_back({firewall_path, {"/usr/sbin/nft", "-c", "-f", "{}"}});
    draft.act(Verb::restart, firewall_unit, {firewall_path, firewall_unit_path, link},
              "loads the table");
  }
  if (facts.firewall == "ufw")
    draft.note(
        "ufw is in use and decides as well: `ufw allow from NETWORK to any port 123 proto udp`, "
        "and the same for 4460 proto tcp.");
  else if (!facts.firewall.empty())
    draft.note(facts.firewall +
               " is in use and decides as well: let 123/udp and 4460/tcp in from your networks.");
}

void add_tuning(Draft& draft) {
  if (draft.settings.tune) {
    // Each change of the frequency delays interrupts and warms the oscillator.
    draft.file(tune_unit_path, ntsbox_tune_service, "a constant CPU frequency");
    const auto link = enable(draft, tune_unit, "multi-user.target", tune_unit_path);
    draft.act(Verb::restart, tune_unit, {tune_unit_path, link}, "sets it now");
  }
  if (draft.settings.auto_updates) {
    draft.package("unattended-upgrades");
    // Adds to the lists of 50unattended-upgrades, which holds security updates already.
    draft.file(auto_updates_path, auto_updates_conf, "security, and new leap seconds");
  }
}

/// What a run leaves undone, its unit does at the next boot; a certificate that waits for a right
/// clock alone, before.
void add_resume(Draft& draft) {
  const auto link = enable(draft, resume_unit, "multi-user.target");
  if (draft.plan.identity_pending)
    draft.act(Verb::start, resume_unit, {link}, "waits for a right clock");
}

void add_packages(Draft& draft) {
  if (!draft.facts.chrony) draft.plan.packages.emplace_back("chrony");
  if (!draft.facts.gpsd) draft.plan.packages.emplace_back("gpsd");
  if (!draft.facts.chrony)
    draft.note(
        fmt::format("chrony.conf is shown for chrony {}.{}; once chrony is installed, it is "
                    "written for the version that came.",
                    draft.design.chrony.major, draft.design.chrony.minor));
}

void add_notes(Draft& draft) {
  const auto& [settings, facts, design, plan] = draft;
  if (settings.allow.empty()) draft.note("Nobody may ask for the time yet: give --allow NETWORK.");
  if (design.upstreams.empty())
    draft.note("The receiver is the only source: a wrong one would not be found out.");
  else if (design.upstreams.size() < 3)
    draft.note(
        "With fewer than three upstream servers a wrong one cannot be told from a wrong receiver.");
  if (!draft.unit(contract::unit))
    draft.note("ntsboxd is not installed here: without it no time comes from the receiver.");
  else if (facts.users.count(contract::user) == 0)
    draft.note(
        fmt::format("The user {} is missing, as whom ntsboxd runs: `systemd-sysusers` makes it.",
                    contract::user));
}

}  // namespace

std::optional<certs::Names> identity_wanted(const Settings& settings, const Facts& facts) {
  if (settings.ca || (facts.certificate && facts.has_key)) return std::nullopt;
  const auto names = server_names(settings, facts);
  return names ? std::optional{*names} : std::nullopt;  // plan() gives the reason
}

Result<Plan> plan(const Settings& settings, const Facts& facts,
                  const std::optional<Identity>& identity) {
  TRY(const auto design, decide(settings, facts));
  Draft draft{settings, facts, design};
  add_packages(draft);
  TRY(add_boot(draft));
  add_identity(draft, identity);
  add_chrony(draft, identity.has_value());
  add_gpsd(draft);
  add_daemon(draft);
  add_status(draft);
  add_firewall(draft);
  add_tuning(draft);
  add_resume(draft);
  add_notes(draft);
  return std::move(draft.plan);
}

}  // namespace ntsbox::provision
