#include "provision/core/checks.h"

#include <fmt/format.h>

#include <chrono>

#include "base/leap_table.h"

namespace ntsbox::provision {
namespace {

void check_what_stands(const Evidence& evidence, Findings& findings) {
  check_configuration(evidence, findings);
  check_permissions(evidence, findings);
  check_certificate(evidence, findings);
  check_apparmor(evidence, findings);
  check_access(evidence, findings);
}

void say_image(Findings& findings) {
  findings.push_back({"image", Verdict::warning, "what runs cannot be checked in an image",
                      "after its first boot: ntsbox-provision verify"});
}

}  // namespace

Findings verify(const Evidence& evidence) {
  Findings findings;
  check_what_stands(evidence, findings);
  if (!evidence.live) {
    say_image(findings);
    return findings;
  }
  check_feed(evidence, findings);
  check_sockets(evidence, findings);
  check_handshake(evidence, findings);
  return findings;
}

Findings doctor(const Evidence& evidence) {
  Findings findings;
  check_clock(evidence, findings);
  check_unfinished(evidence, findings);
  check_units(evidence, findings);
  check_what_stands(evidence, findings);
  check_leap_seconds(evidence, findings);
  if (!evidence.live) {
    say_image(findings);
    return findings;
  }
  check_feed(evidence, findings);
  check_sources(evidence, findings);
  check_sockets(evidence, findings);
  check_handshake(evidence, findings);
  return findings;
}

void check_units(const Evidence& evidence, Findings& findings) {
  for (const auto& [unit, state] : evidence.units) {
    const bool runs = state == "active" || state == "activating" || state == "reloading";
    findings.push_back(
        {"unit", runs ? Verdict::ok : Verdict::failed, fmt::format("{} is {}", unit, state),
         runs ? ""
              : fmt::format("systemctl status {0}; journalctl -u {0}; systemctl start {0}", unit)});
  }
}

void check_clock(const Evidence& evidence, Findings& findings) {
  const auto now = format_iso_utc(evidence.now);
  if (evidence.now < evidence.release)
    findings.push_back({"clock", Verdict::failed,
                        now + " cannot be: it is before this program was released",
                        "it is right once chronyd is synchronised; by hand: date --set"});
  else
    findings.push_back({"clock", Verdict::ok, now + " by this machine's clock", ""});
}

void check_unfinished(const Evidence& evidence, Findings& findings) {
  if (!evidence.unfinished) return;
  findings.push_back({"unfinished", Verdict::warning,
                      "the last run of ntsbox-provision is not finished yet",
                      "reboot; or see /var/lib/ntsbox-provision/result.txt, and journalctl -u "
                      "ntsbox-provision-resume"});
}

void check_leap_seconds(const Evidence& evidence, Findings& findings) {
  if (!evidence.leap_seconds) return;
  const auto end = end_of_leap_table(*evidence.leap_seconds);
  if (!end) return;
  const auto text = format_iso_utc(*end);
  if (*end < evidence.now)
    findings.push_back({"leap-seconds", Verdict::warning,
                        "the table of leap seconds is good until " + text + " only",
                        "apt-get install --only-upgrade tzdata"});
  else
    findings.push_back(
        {"leap-seconds", Verdict::ok, "the table of leap seconds is good until " + text, ""});
}

}  // namespace ntsbox::provision
