// What can be read, of a machine that runs and of an image alike.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "certs/inspect.h"
#include "diagnose/checks.h"
#include "provision/core/checks.h"
#include "provision/core/facts.h"
#include "provision/core/identity.h"

namespace ntsbox::provision {
namespace {

using enum Severity;

/// What somebody edited, apply leaves alone.
std::string rewrite(const char* path) {
  return fmt::format("rm {}; ntsbox-provision apply writes it anew", path);
}

struct Wanted {
  const char* path;
  Entry::Kind kind;
  unsigned mode;
  const char* owner;
  const char* group;
};

constexpr Wanted wanted[] = {
    {pki_folder, Entry::Kind::folder, 0700, "root", "root"},
    {pki_key, Entry::Kind::file, 0600, "root", "root"},
    {served_folder, Entry::Kind::folder, 0750, "root", "_chrony"},
    {served_pair, Entry::Kind::file, 0640, "root", "_chrony"},
    {served_certificate, Entry::Kind::file, 0644, "root", "root"},
};

const std::optional<Entry>& entry(const Evidence& evidence, const char* path) {
  static const std::optional<Entry> none;
  const auto found = evidence.entries.find(path);
  return found == evidence.entries.end() ? none : found->second;
}

/// How it is, when it is not as wanted: "/etc/... is 0644 root:root".
std::string fault(const Wanted& want, const std::optional<Entry>& is) {
  if (!is) return fmt::format("{} is missing", want.path);
  if (is->kind != want.kind)
    return fmt::format("{} is something else than it should be", want.path);
  if (is->mode == want.mode && is->owner == want.owner && is->group == want.group) return {};
  return fmt::format("{} is {:04o} {}:{} and must be {:04o} {}:{}", want.path, is->mode, is->owner,
                     is->group, want.mode, want.owner, want.group);
}

std::string last_line(const std::string& text) {
  const auto lines = lines_of(text);
  return lines.empty() ? std::string{"it says nothing"} : std::string{lines.back()};
}

/// chronyd's complaint among the directives that it prints: "2026-11-25T03:26:12Z Fatal error :
/// Invalid ...".
std::string complaint(const std::string& text) {
  constexpr std::string_view fatal = "Fatal error : ";
  const auto at = text.find(fatal);
  if (at == std::string::npos) return last_line(text);
  return text.substr(at + fatal.size(), text.find('\n', at) - at - fatal.size());
}

/// The paths that a configuration gives to chronyd, less what its AppArmor profile allows (Debian's
/// usr.sbin.chronyd).
std::vector<std::string> paths_denied(const std::string& configuration) {
  std::vector<std::string> denied;
  const auto check = [&denied](const std::string& path,
                               std::initializer_list<std::string_view> allowed) {
    if (std::none_of(allowed.begin(), allowed.end(),
                     [&path](auto prefix) { return path.starts_with(prefix); }))
      denied.push_back(path);
  };
  for (const auto& words : directives(configuration)) {
    const auto& key = words.front();
    if (words.size() > 1 &&
        (key == "ntsservercert" || key == "ntsserverkey" || key == "ntstrustedcerts"))
      check(words.back(), {"/etc/chrony/", "/etc/ssl/certs/", "/etc/letsencrypt/",
                           "/usr/share/ca-certificates/", "/usr/local/share/ca-certificates/"});
    if (words.size() > 2 && key == "refclock" && words[1] == "SOCK")
      check(words[2].substr(0, words[2].find(':')), {"/run/chrony/", "/run/chrony."});
  }
  return denied;
}

std::string_view certificate_in(std::string_view pair) {
  return pair.substr(std::min(pair.find("-----BEGIN CERTIFICATE-----"), pair.size()));
}

/// The master copies: a certificate that can be read, and its key.
bool check_master(const Evidence& evidence, Findings& findings) {
  const auto& master = entry(evidence, pki_certificate);
  if (!master) return true;
  if (const auto readable = certs::inspect(master->content); !readable) {
    findings.push_back({"certificate", failed,
                        std::string{pki_certificate} + ": " + readable.error().message, pki_cure});
    return false;
  }
  if (!evidence.master_key) return true;
  if (const auto match = certs::check_pair(master->content, *evidence.master_key); !match)
    findings.push_back(
        {"key", failed,
         fmt::format("{}: {}: the next apply has nothing to serve", pki_key, match.error().message),
         pki_cure});
  return true;
}

}  // namespace

void check_configuration(const Evidence& evidence, Findings& findings) {
  if (!evidence.chronyd_check) return;
  const auto& [status, output] = *evidence.chronyd_check;
  if (status == 127)
    findings.push_back(
        {"configuration", failed, "chronyd cannot be run here", "apt-get install chrony"});
  else if (status != 0)
    findings.push_back({"configuration", failed,
                        "chronyd refuses its configuration: " + complaint(output),
                        "mend what you added under /etc/chrony/conf.d, or have ours written anew: "
                        "ntsbox-provision apply"});
  else
    findings.push_back({"configuration", ok, "chronyd accepts its configuration", ""});
}

void check_permissions(const Evidence& evidence, Findings& findings) {
  const auto before = findings.size();
  for (const auto& want : wanted) {
    const auto what = fault(want, entry(evidence, want.path));
    if (!what.empty()) findings.push_back({"permissions", failed, what, "ntsbox-provision apply"});
  }
  if (findings.size() == before)
    findings.push_back(
        {"permissions", ok, "key and certificate are as open as they must be, and no more", ""});
}

void check_certificate(const Evidence& evidence, Findings& findings) {
  const auto& served = entry(evidence, served_certificate);
  if (!served || !evidence.pair) {
    findings.push_back(
        {"certificate", failed, "there is no certificate, or no key for it",
         "ntsbox-provision apply, once the clock is right; with --ca: ntsbox-provision request"});
    return;
  }
  const auto summary = certs::inspect(served->content);
  if (!summary) {
    findings.push_back({"certificate", failed,
                        std::string{served_certificate} + ": " + summary.error().message,
                        rewrite(served_certificate)});
    return;
  }
  findings.push_back(diagnose::check_dates(*summary, evidence.now));
  if (const auto match = certs::check_pair(*evidence.pair, *evidence.pair); !match)
    findings.push_back({"key", failed,
                        fmt::format("{}: {}: NTS cannot work", served_pair, match.error().message),
                        rewrite(served_pair)});
  else
    findings.push_back({"key", ok, "the key belongs to the certificate", ""});
  if (!check_master(evidence, findings)) return;
  const auto own = certificate_in(*evidence.pair);
  for (const auto& [path, odd] :
       {std::pair{pki_certificate, served_pair}, std::pair{served_certificate, served_certificate}})
    if (const auto& copy = entry(evidence, path); copy && copy->content != own)
      findings.push_back({"certificate", failed,
                          std::string{"chronyd has another certificate than "} + path,
                          rewrite(odd)});
}

void check_apparmor(const Evidence& evidence, Findings& findings) {
  const auto bad = evidence.apparmor ? failed : warning;
  const auto denied = evidence.chronyd_check ? paths_denied(evidence.chronyd_check->output)
                                             : std::vector<std::string>{};
  for (const auto& path : denied)
    findings.push_back(
        {"apparmor", bad, "AppArmor lets chronyd have no file at " + path,
         "certificates belong under /etc/chrony, sockets are named /run/chrony.NAME.sock"});
  if (!evidence.denials.empty())
    findings.push_back({"apparmor", failed, "AppArmor refused: " + last_line(evidence.denials),
                        "own rules belong in /etc/apparmor.d/local/"});
  if (denied.empty() && evidence.denials.empty())
    findings.push_back({"apparmor", ok,
                        evidence.apparmor ? "AppArmor allows every path in use"
                                          : "AppArmor would allow every path in use",
                        ""});
}

void check_access(const Evidence& evidence, Findings& findings) {
  if (!evidence.chronyd_check || evidence.chronyd_check->status != 0) return;
  const auto all = directives(evidence.chronyd_check->output);
  const bool any = std::any_of(all.begin(), all.end(), [](const auto& words) {
    return words.front() == "allow" &&
           (words.size() == 1 || (words[1] != "127.0.0.1" && words[1] != "::1"));
  });
  if (any)
    findings.push_back({"access", ok, "other machines may ask for the time", ""});
  else
    findings.push_back({"access", warning, "no other machine may ask for the time",
                        "ntsbox-provision --allow NETWORK, as in 192.168.1.0/24"});
}

}  // namespace ntsbox::provision
