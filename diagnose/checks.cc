#include "diagnose/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/quantity.h"
#include "base/release.h"
#include "contract/constants.h"

namespace ntsbox::diagnose {
namespace {

// What is known to be bad is graver than what is not known.
int gravity(Grade grade) {
  constexpr std::array<int, 4> gravities{0, 1, 3, 2};
  return gravities.at(static_cast<std::size_t>(grade));
}

/// What keeps the receiver's time away was found before.
std::string first_hint(const Findings& findings) {
  const auto found = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.grade != Grade::well;
  });
  return found == findings.end() ? "bring the receiver back" : found->hint;
}

/// Time that is not the receiver's: a warning, or a failure when it is too far off.
void add_other_time(const char* name, std::string what, bool too_far, Findings& findings) {
  auto hint = first_hint(findings);
  findings.insert(findings.begin(),
                  {name, too_far ? Severity::failed : Severity::warning, std::move(what),
                   std::move(hint), too_far ? Grade::bad : Grade::degraded});
}

void check_clock(const View& view, nanoseconds limit, Findings& findings) {
  const auto bound = at_most(view.bound);
  const bool too_far = view.bound > limit;
  switch (view.following) {
    case Following::nobody:
      findings.push_back({"synchronised", Severity::failed,
                          "chronyd is not synchronised: it serves no time",
                          "it needs a good source first: see refclock and upstream", Grade::bad});
      break;
    case Following::receiver:
      if (too_far)
        findings.push_back({"error", Severity::failed,
                            fmt::format("the clock is off by up to {} and being corrected", bound),
                            "wait; sudo chronyc makestep corrects it at once", Grade::bad});
      else
        findings.push_back({"synchronised", Severity::ok,
                            fmt::format("stratum {}, from {}, off by {} at most",
                                        view.tracking->stratum, view.tracking->name, bound),
                            ""});
      break;
    case Following::holdover:
      add_other_time("holdover",
                     fmt::format("the clock has run free for {}, and is off by {} at most",
                                 span_of(view.unsteered), bound),
                     too_far, findings);
      break;
    case Following::upstream:
      add_other_time("upstream-time",
                     fmt::format("the time is that of {}, within {}, not the receiver's",
                                 view.followed, bound),
                     too_far, findings);
      break;
  }
}

Finding check_release(const View& view) {
  const auto now = format_iso_utc(view.now);
  if (view.now < release_date())
    return {"clock", Severity::failed, now + " cannot be: it is before this program was released",
            "it is right once chronyd is synchronised; by hand: date --set", Grade::bad};
  return {"clock", Severity::ok, now + " by this machine's clock", ""};
}

std::string agreement(const View& view) {
  const auto upstreams = std::count_if(
      view.sources.begin(), view.sources.end(),
      [](const chronyc::Source& source) { return is_upstream(source) && source.reach != 0; });
  if (upstreams == 0) return "no upstream was asked";
  return upstreams == 1 ? "the one upstream agrees"
                        : fmt::format("all {} upstreams agree", upstreams);
}

std::string good_news(const View& view) {
  return fmt::format("the time is the receiver's, within {}", at_most(view.bound));
}

}  // namespace

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> names{"ok", "warning", "failed"};
  return names.at(static_cast<std::size_t>(severity));
}

std::string_view name_of(Grade grade) {
  constexpr std::array<std::string_view, 4> names{"well", "degraded", "bad", "unknown"};
  return names.at(static_cast<std::size_t>(grade));
}

Severity worst(const Findings& findings) {
  auto severity = Severity::ok;
  for (const auto& finding : findings) severity = std::max(severity, finding.severity);
  return severity;
}

std::vector<Remark> remarks_of(const Findings& findings) {
  std::vector<Remark> remarks;
  for (const auto& finding : findings)
    if (finding.grade != Grade::well)
      remarks.push_back({finding.grade, finding.remark.empty() ? finding.name : finding.remark,
                         finding.what, finding.hint});
  std::stable_sort(remarks.begin(), remarks.end(), [](const Remark& a, const Remark& b) {
    return gravity(a.grade) > gravity(b.grade);
  });
  return remarks;
}

Findings check_time(const View& view, nanoseconds limit) {
  // The cause of a trouble before what follows from it: the first of the gravest is the verdict.
  Findings findings;
  if (!view.chronyc_there)
    findings.push_back({"chronyc", Severity::failed,
                        "chronyc is not installed: is this a time server?",
                        "ntsbox-provision makes it one", Grade::unknown});
  else if (!view.tracking)
    findings.push_back({"chronyd", Severity::failed, "chronyd does not answer: no time is served",
                        "systemctl status chrony; journalctl -u chrony", Grade::bad});
  for (auto& finding : check_daemon(view)) findings.push_back(std::move(finding));
  if (view.tracking) {
    check_sources(view, findings);
    check_clock(view, limit, findings);
  }
  findings.push_back(check_release(view));
  return findings;
}

Finding check_dates(const certs::Summary& certificate, UtcSecond now) {
  const auto until = format_iso_utc(certificate.not_after);
  if (certificate.not_after < now)
    return {"certificate", Severity::failed, "the certificate has expired, on " + until,
            "ntsbox-provision renew, and take the new bundle to every client", Grade::bad};
  if (certificate.not_before > now)
    return {"certificate", Severity::failed,
            "the certificate begins on " + format_iso_utc(certificate.not_before) +
                " only: is the clock right?",
            "date; when the clock is right: ntsbox-provision renew, and renew --switch",
            Grade::bad};
  if (certificate.not_after < now + contract::certificate_warning)
    return {"certificate", Severity::warning,
            fmt::format("the certificate expires in {}, on {}",
                        span_of(certificate.not_after - now), until),
            "ntsbox-provision renew: clients need the next one before it is used", Grade::degraded};
  return {"certificate", Severity::ok,
          "valid until " + until + ", SHA-256 " + certificate.fingerprint, ""};
}

Finding check_leap_table(UtcSecond end, UtcSecond now) {
  const auto text = format_iso_utc(end);
  if (end < now)
    return {"leap-seconds", Severity::warning,
            "the table of leap seconds was good until " + text + " only",
            "apt-get install --only-upgrade tzdata", Grade::degraded};
  return {"leap-seconds", Severity::ok, "the table of leap seconds is good until " + text, ""};
}

Health health_of(const View& view, nanoseconds limit) {
  auto findings = check_time(view, limit);
  if (view.certificate) findings.push_back(check_dates(*view.certificate, view.now));
  if (!view.certificate_trouble.empty())
    findings.push_back({"certificate", Severity::failed,
                        "the certificate cannot be read: " + view.certificate_trouble,
                        "ntsbox-provision doctor", Grade::bad});
  if (view.leap_table_end) findings.push_back(check_leap_table(*view.leap_table_end, view.now));
  Health health;
  health.remarks = remarks_of(findings);
  if (health.remarks.empty()) {
    health.verdict = good_news(view) + "; " + agreement(view);
    return health;
  }
  const auto& first = health.remarks.front();
  health.grade = first.grade;
  health.verdict = first.what;
  if (first.grade == Grade::degraded && view.following == Following::receiver)
    health.verdict = good_news(view) + ", but " + first.what;
  health.hint = first.hint;
  return health;
}

}  // namespace ntsbox::diagnose
