#include "provision/core/checks.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "contract/constants.h"
#include "diagnose/checks.h"

namespace ntsbox::provision {
namespace {

constexpr int cannot_run = 127;

void check_what_stands(const Evidence& evidence, Findings& findings) {
  check_configuration(evidence, findings);
  check_permissions(evidence, findings);
  check_certificate(evidence, findings);
  check_apparmor(evidence, findings);
  check_access(evidence, findings);
}

/// What diagnose/ reads of it.
diagnose::View time_view(const Evidence& evidence) {
  const auto output = [](const std::optional<Answer>& said) {
    return said && said->status == 0 ? std::optional{said->output} : std::nullopt;
  };
  diagnose::Evidence time;
  time.now = SystemTime{evidence.now.time_since_epoch()};
  time.chronyc_there = !evidence.tracking || evidence.tracking->status != cannot_run;
  time.status = evidence.status;
  time.tracking = output(evidence.tracking);
  time.sources = output(evidence.sources);
  diagnose::Collection collection;
  collection.written = evidence.now;
  collection.authdata = output(evidence.authdata).value_or("");
  collection.selectdata = output(evidence.selectdata).value_or("");
  time.collection = collection;
  return diagnose::look(time);
}

void add(Findings more, Findings& findings) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

void add_image(Findings& findings) {
  findings.push_back({"image", Severity::warning, "what runs cannot be checked in an image",
                      "after its first boot: ntsbox-provision verify"});
}

struct Sign {
  std::string_view text;
  std::string_view colour;  // ECMA-48, select graphic rendition
};

// By Severity.
constexpr std::array<Sign, 3> signs{
    {{"ok     ", "\x1b[32m"}, {"warning", "\x1b[33m"}, {"FAILED ", "\x1b[31m"}}};

}  // namespace

Findings verify(const Evidence& evidence) {
  Findings findings;
  check_what_stands(evidence, findings);
  if (!evidence.live) {
    add_image(findings);
    return findings;
  }
  add(diagnose::check_daemon(time_view(evidence)), findings);
  check_sockets(evidence, findings);
  check_handshake(evidence, findings);
  return findings;
}

Findings doctor(const Evidence& evidence) {
  Findings findings;
  check_unfinished(evidence, findings);
  check_units(evidence, findings);
  check_gpsd_restarts(evidence, findings);
  check_what_stands(evidence, findings);
  if (evidence.leap_seconds)
    if (const auto end = end_of_leap_table(*evidence.leap_seconds))
      findings.push_back(diagnose::check_leap_table(*end, evidence.now));
  if (!evidence.live) {
    add_image(findings);
    return findings;
  }
  add(diagnose::check_time(time_view(evidence), contract::good_time), findings);
  check_sockets(evidence, findings);
  check_handshake(evidence, findings);
  return findings;
}

void check_units(const Evidence& evidence, Findings& findings) {
  for (const auto& [unit, state] : evidence.units) {
    const bool runs = state == "active" || state == "activating" || state == "reloading";
    findings.push_back(
        {"unit", runs ? Severity::ok : Severity::failed, fmt::format("{} is {}", unit, state),
         runs ? ""
              : fmt::format("systemctl status {0}; journalctl -u {0}; systemctl start {0}", unit)});
  }
}

void check_gpsd_restarts(const Evidence& evidence, Findings& findings) {
  if (!evidence.gpsd_restarts) return;
  findings.push_back(
      {"gpsd-restart", Severity::ok,
       fmt::format("gpsd may be restarted when it is stuck, at most hourly: {} since "
                   "the boot (journalctl -u ntsbox-gpsd-restart)",
                   lines_of(*evidence.gpsd_restarts).size()),
       ""});
}

void check_unfinished(const Evidence& evidence, Findings& findings) {
  if (!evidence.unfinished) return;
  findings.push_back({"unfinished", Severity::warning,
                      "the last run of ntsbox-provision is not finished yet",
                      "reboot; or see /var/lib/ntsbox-provision/result.txt, and journalctl -u "
                      "ntsbox-provision-resume"});
}

bool may_settle(const Evidence& evidence, seconds lately) {
  const auto daemon = evidence.status ? parse_status(*evidence.status) : std::nullopt;
  if (!daemon) return true;
  if (daemon->state == State::locked && daemon->takes_samples.value_or(false) &&
      diagnose::is_fresh(*daemon, evidence.now))
    return false;
  // A clock that was stepped in between may put `since` anywhere.
  return daemon->since && evidence.now - *daemon->since < lately &&
         *daemon->since - evidence.now < lately;
}

std::string in_text(const Findings& findings, bool colour) {
  std::string out;
  for (const auto& finding : findings) {
    const auto& sign = signs.at(static_cast<std::size_t>(finding.severity));
    out += colour ? fmt::format("{}{}\x1b[0m", sign.colour, sign.text) : std::string{sign.text};
    out += fmt::format("  {:<14} {}\n", finding.name, finding.what);
    if (!finding.hint.empty()) out += fmt::format("{:24} cure: {}\n", "", finding.hint);
  }
  return out;
}

std::string in_json(const Findings& findings) {
  const auto list = json_array(findings, [](const Finding& finding) {
    return JsonObject{}
        .add("name", finding.name)
        .add("verdict", name_of(finding.severity))
        .add("what", finding.what)
        .add("cure", finding.hint)
        .text();
  });
  return JsonObject{}.add("verdict", name_of(worst(findings))).add_json("findings", list).text() +
         "\n";
}

std::string in_json_line(const Findings& findings) {
  const auto json = in_json(findings);
  return findings.empty() ? "null" : json.substr(0, json.size() - 1);
}

}  // namespace ntsbox::provision
