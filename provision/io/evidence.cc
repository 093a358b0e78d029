#include "provision/io/evidence.h"

#include "base/time.h"
#include "contract/constants.h"
#include "provision/core/identity.h"
#include "provision/io/generations.h"
#include "provision/io/pki.h"

namespace ntsbox::provision {
namespace {

std::optional<Said> ask(System& system, const std::vector<std::string>& command) {
  auto ran = system.run(command);
  if (!ran) return std::nullopt;
  return Said{ran->status, std::move(ran->output)};
}

/// A text that may well be missing.
std::optional<std::string> text_of(System& system, const std::string& path) {
  auto text = system.read(path);
  return text ? std::move(*text) : std::nullopt;
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
    auto entry = system.look(path);
    if (!entry) return tl::unexpected(entry.error());
    auto& kept = evidence.entries[path] = std::move(*entry);
    if (!kept) continue;
    if (path == std::string_view{served_pair}) evidence.pair = kept->content;
    if (path == std::string_view{pki_key}) evidence.master_key = kept->content;
    if (path == std::string_view{served_pair} || path == std::string_view{pki_key})
      kept->content.clear();
  }
  return {};
}

}  // namespace

Result<Evidence> gather(System& system, const Inquiry& inquiry) {
  Evidence evidence;
  evidence.live = inquiry.live;
  if (auto looked = look_at_files(system, evidence); !looked) return tl::unexpected(looked.error());
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
  evidence.status = text_of(system, contract::status_file);
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
