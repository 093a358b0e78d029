#include "provision/io/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "contract/constants.h"
#include "provision/core/board.h"
#include "provision/core/facts.h"
#include "provision/core/identity.h"
#include "provision/io/generations.h"
#include "provision/io/pki.h"

namespace ntsbox::provision {
namespace {

constexpr char etc_units[] = "/etc/systemd/system";
constexpr std::array<std::string_view, 4> unit_folders = {
    etc_units, "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};

/// Asks the system, and keeps the first failure: each question after it has an empty answer.
class Questions {
 public:
  explicit Questions(System& system) : system_(system) {}

  std::optional<Entry> look(const std::string& path) {
    return answer(system_.look(path)).value_or(std::nullopt);
  }

  /// Whether something is there, links followed.
  bool is_there(const std::string& path) {
    const auto entry = look(path);
    if (!entry || entry->kind != Entry::Kind::link) return entry.has_value();
    return read(path).has_value();
  }

  std::optional<std::string> read(const std::string& path) {
    return answer(system_.read(path)).value_or(std::nullopt);
  }

  std::vector<std::string> list(const std::string& folder) {
    return answer(system_.list(folder)).value_or(std::vector<std::string>{});
  }

  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  template <class T>
  std::optional<T> answer(Result<T> result) {
    if (result) return std::move(*result);
    if (!failure_) failure_ = result.error();
    return std::nullopt;
  }

  System& system_;
  std::optional<Error> failure_;
};

std::string first_line(std::string text) {
  text.resize(std::min(text.find_first_of(std::string_view{"\n\0", 2}), text.size()));
  return text;
}

void inspect_release(Questions& ask, Facts& facts) {
  const auto release = ask.read("/etc/os-release").value_or("");
  facts.os_id = os_release_value(release, "ID");
  facts.os_codename = os_release_value(release, "VERSION_CODENAME");
  facts.host_name = first_line(ask.read("/etc/hostname").value_or(""));
}

void inspect_packages(Questions& ask, Facts& facts) {
  auto names = packages_of_interest();
  names.emplace_back("dpkg");
  const auto installed = installed_packages(ask.read("/var/lib/dpkg/status").value_or(""), names);
  for (const auto& [name, package] : installed) {
    facts.packages.insert(name);
    facts.architecture = package.architecture == "all" ? facts.architecture : package.architecture;
    if (name == "chrony") facts.chrony = parse_version(package.version);
    if (name == "gpsd") facts.gpsd = parse_version(package.version);
  }
  facts.narrow_time = has_narrow_time(facts.architecture, facts.os_codename);
  facts.leap_seconds_list = ask.is_there("/usr/share/zoneinfo/leap-seconds.list");
  facts.right_utc = ask.is_there("/usr/share/zoneinfo/right/UTC");
}

/// Where the unit's file is: the target of the link that enables it, else where it is found.
void inspect_unit(Questions& ask, const std::vector<std::string>& wants, const std::string& name,
                  UnitFact& unit) {
  for (const auto& folder : wants) {
    const auto link = ask.look(fmt::format("{}/{}", folder, name));
    if (!link || link->kind != Entry::Kind::link) continue;
    unit.enabled = true;
    if (link->content.starts_with('/') && ask.look(link->content)) unit.file = link->content;
  }
  for (const auto folder : unit_folders) {
    const auto path = std::string{folder} + "/" + name;
    const auto entry = ask.look(path);
    if (!entry) continue;
    if (folder == etc_units && entry->kind == Entry::Kind::link && entry->content == "/dev/null")
      unit.masked = true;
    else if (unit.file.empty())
      unit.file = path;
  }
}

void inspect_units(Questions& ask, Facts& facts) {
  std::vector<std::string> wants;
  for (const auto& name : ask.list(etc_units))
    if (name.ends_with(".wants")) wants.push_back(std::string{etc_units} + "/" + name);
  for (const auto& name : units_of_interest()) {
    UnitFact unit;
    inspect_unit(ask, wants, name, unit);
    if (!unit.file.empty() || unit.masked) facts.units[name] = std::move(unit);
  }
}

void inspect_accounts(Questions& ask, Facts& facts) {
  facts.users = account_names(ask.read("/etc/passwd").value_or(""));
  for (const std::string folder :
       {"/usr/lib/sysusers.d", "/usr/local/lib/sysusers.d", "/etc/sysusers.d"}) {
    for (const auto& name : ask.list(folder)) {
      if (name.ends_with(".conf"))
        facts.users.merge(
            sysusers_names(ask.read(fmt::format("{}/{}", folder, name)).value_or("")));
    }
  }
}

void inspect_boot(Questions& ask, Facts& facts) {
  for (const std::string folder : {"/boot/firmware", "/boot"}) {
    const auto entry = ask.look(folder + "/config.txt");
    // A link in /boot leads to /boot/firmware, where the firmware reads.
    if (!entry || entry->kind != Entry::Kind::file) continue;
    facts.boot_folder = folder;
    facts.config_txt = entry->content;
    facts.cmdline_txt = ask.read(folder + "/cmdline.txt");
    break;
  }
  for (const auto* path : {"/sys/firmware/devicetree/base/model", "/proc/device-tree/model"})
    if (facts.model.empty()) facts.model = first_line(ask.read(path).value_or(""));
  facts.board = board_of_model(facts.model);
  if (facts.model.empty() && !facts.boot_folder.empty())
    facts.board = board_of_boot_folder(ask.list(facts.boot_folder)).value_or(Board::generic);
}

void inspect_hardware(Questions& ask, Facts& facts) {
  for (const auto& name : ask.list("/sys/class/net"))
    if (!ask.list("/sys/class/net/" + name + "/device/ptp").empty())
      facts.phc_interfaces.push_back(name);
}

void inspect_firewall(Questions& ask, Facts& facts) {
  const auto enabled = [&](const char* unit) {
    const auto found = facts.units.find(unit);
    return found != facts.units.end() && found->second.enabled && !found->second.masked;
  };
  if (enabled("nftables.service")) facts.firewall = "nftables";
  if (enabled("firewalld.service")) facts.firewall = "firewalld";
  const auto ufw = ask.read("/etc/ufw/ufw.conf").value_or("");
  if (os_release_value(ufw, "ENABLED") == "yes") facts.firewall = "ufw";
}

Result<void> read_into(System& system, const std::string& folder, std::string_view suffix,
                       std::map<std::string, std::string>& texts) {
  TRY(const auto names, system.list(folder));
  for (const auto& name : names) {
    if (!name.ends_with(suffix)) continue;
    const auto path = fmt::format("{}/{}", folder, name);
    TRY(auto text, system.read(path));
    if (text) texts[path] = std::move(*text);
  }
  return {};
}

std::optional<Answer> ask(System& system, const std::vector<std::string>& command) {
  auto ran = system.run(command);
  if (!ran) return std::nullopt;
  return Answer{ran->status, std::move(ran->output)};
}

/// A text that may well be missing.
std::optional<std::string> text_of(System& system, const std::string& path) {
  auto text = system.read(path);
  return text ? std::move(*text) : std::nullopt;
}

/// The same of what a lesser user wrote: a regular file, and no link is followed.
std::optional<std::string> foreign_text_of(System& system, const std::string& path) {
  auto entry = system.look(path);
  if (!entry || !*entry || (*entry)->kind != Entry::Kind::file) return std::nullopt;
  return std::move((*entry)->content);
}

std::string first_word(const std::string& text) {
  return text.substr(0, text.find_first_of(" \n"));
}

void ask_systemd(System& system, Evidence& evidence) {
  const auto booted = system.look("/run/systemd/system");
  if (!booted || !*booted) return;
  for (const auto* unit : {"chrony.service", "gpsd.service", contract::unit})
    if (const auto said = ask(system, {"systemctl", "is-active", unit}))
      evidence.units[unit] = first_word(said->output);
  if (const auto said = ask(system, {"systemctl", "is-active", gpsd_restart_timer});
      said && said->status == 0)
    if (auto lines = ask(system, {"journalctl", "--boot", "--quiet", "--no-pager", "--output=cat",
                                  "--unit=ntsbox-gpsd-restart.service", "--grep=stuck-time"}))
      evidence.gpsd_restarts = std::move(lines->output);
  const auto denials = ask(system, {"journalctl", "--dmesg", "--boot", "--quiet", "--no-pager",
                                    "--output=cat", "--grep=apparmor=\"DENIED\".*(chronyd|gpsd)"});
  if (denials && denials->status == 0) evidence.denials = denials->output;
}

void ask_chronyd(System& system, Evidence& evidence) {
  evidence.sources = ask(system, {"chronyc", "-c", "-N", "sources"});
  evidence.authdata = ask(system, {"chronyc", "-c", "-N", "authdata"});
  evidence.tracking = ask(system, {"chronyc", "-c", "-N", "tracking"});
  evidence.selectdata = ask(system, {"chronyc", "-c", "-N", "selectdata"});
}

Result<void> look_at_files(System& system, Evidence& evidence) {
  for (const auto* path :
       {pki_folder, pki_certificate, pki_key, served_folder, served_certificate, served_pair}) {
    TRY(auto entry, system.look(path));
    auto& kept = evidence.entries[path] = std::move(entry);
    if (!kept) continue;
    if (path == std::string_view{served_pair}) evidence.pair = kept->content;
    if (path == std::string_view{pki_key}) evidence.master_key = kept->content;
    if (path == std::string_view{served_pair} || path == std::string_view{pki_key})
      kept->content.clear();
  }
  return {};
}

}  // namespace

Result<Facts> inspect(System& system, UtcSecond now) {
  Questions ask{system};
  Facts facts;
  facts.now = now;
  inspect_release(ask, facts);
  inspect_packages(ask, facts);
  inspect_units(ask, facts);
  inspect_accounts(ask, facts);
  inspect_boot(ask, facts);
  inspect_hardware(ask, facts);
  inspect_firewall(ask, facts);
  facts.certificate = ask.read(pki_certificate);
  facts.has_key = ask.look(pki_key).has_value();
  facts.has_authority = ask.look(pki_authority).has_value();
  if (ask.failure()) return tl::unexpected(*ask.failure());
  return facts;
}

Result<ClientFacts> inspect_client(System& system, const std::string& server) {
  ClientFacts facts;
  if (const auto ran = system.run({"chronyd", "--version"}))
    facts.chrony = chronyd_version(ran->output);
  for (const auto* path : chrony_conf_paths) {
    TRY(auto conf, system.read(path));
    if (!conf || facts.chrony_conf) continue;
    facts.chrony_conf = std::move(conf);
    facts.chrony_conf_path = path;
  }
  TRY(const auto nts, system.look("/etc/chrony/nts"));
  facts.has_nts_folder = nts.has_value();
  TRY(read_into(system, "/etc/chrony/conf.d", ".conf", facts.conf_files));
  TRY(read_into(system, "/etc/chrony/sources.d", ".sources", facts.conf_files));
  TRY(read_into(system, TrustPaths{server}.folder, "", facts.trusted));
  return facts;
}

Result<Evidence> gather(System& system, const Inquiry& inquiry) {
  Evidence evidence;
  evidence.live = inquiry.live;
  TRY(look_at_files(system, evidence));
  evidence.chronyd_check = ask(system, {"chronyd", "-p"});
  evidence.unfinished = is_pending(system).value_or(false);
  if (inquiry.deeper) evidence.leap_seconds = text_of(system, leap_table_path);
  refresh(system, inquiry.now, evidence);
  if (!inquiry.live) return evidence;
  evidence.apparmor =
      text_of(system, "/sys/module/apparmor/parameters/enabled").value_or("").starts_with('Y');
  ask_systemd(system, evidence);
  if (inquiry.deeper) ask_chronyd(system, evidence);
  return evidence;
}

void refresh(System& system, UtcSecond now, Evidence& evidence) {
  evidence.now = now;
  if (!evidence.live) return;
  evidence.status = foreign_text_of(system, contract::status_file);
  evidence.tcp = text_of(system, "/proc/net/tcp").value_or("");
  evidence.tcp6 = text_of(system, "/proc/net/tcp6").value_or("");
  evidence.udp = text_of(system, "/proc/net/udp").value_or("");
  evidence.udp6 = text_of(system, "/proc/net/udp6").value_or("");
}

void add_proof(System& system, const Inquiry& inquiry, Evidence& evidence) {
  if (!inquiry.live) return;
  const auto bundle = server_bundle(system, inquiry.settings_path, inquiry.flags, evidence.now);
  if (!bundle) {
    evidence.proof =
        Proof{Proof::Outcome::failed, "there is nothing to hand out: " + bundle.error().message,
              "ntsbox-provision apply"};
    return;
  }
  // A name can be made to mean this machine; an address is its own already.
  const bool named = !certs::ip_address(bundle->server);
  const auto proof = prove(system, *bundle, {bundle->server, named, false, 6});
  evidence.proof =
      proof ? *proof : Proof{Proof::Outcome::impossible, proof.error().message, "needs root"};
}

Result<Proof> prove(System& system, const Bundle& bundle, const ProofRequest& request) {
  std::string pems;
  for (const auto& trusted : bundle.trusted) pems += trusted.pem;
  if (!request.here) {
    const auto found = system.run({"getent", "ahosts", request.server});
    if (found && found->status == 2) return unknown_name(request.server);
  }
  TRY(const auto ran, system.run(proof_command(request), pems));
  return check_proof(request, ran.status, ran.output);
}

}  // namespace ntsbox::provision
