// What chronyd makes of its sources, and whether they agree.

#include <fmt/format.h>

#include <algorithm>

#include "base/quantity.h"
#include "diagnose/checks.h"

namespace ntsbox::diagnose {
namespace {

using chronyc::Source;

/// For so long chronyd may take to follow samples that have come back.
constexpr seconds settling_time{60};

std::string why_not_selected(const View& view, const Source& source) {
  const auto found = std::find_if(
      view.selections.begin(), view.selections.end(),
      [&](const chronyc::Selection& selection) { return selection.name == source.name; });
  // chronyc(1), selectdata.
  switch (found == view.selections.end() ? '\0' : found->state) {
    case 'N':
      return "it has the option noselect";
    case 'M':
    case 'w':
      return "it has too few measurements yet";
    case 'd':
      return "its root distance is too large";
    case '~':
      return "its jitter is too large";
    case 'S':
      return "its measurements are old";
    case 'W':
      return "more sources are needed first (minsources)";
    case 'U':
      return "it has yet to be measured again";
    default:
      return "it needs some minutes after a start; sudo chronyc selectdata says why not";
  }
}

bool is_settling(const View& view) {
  return view.daemon_is_well && view.daemon->since &&
         view.now - *view.daemon->since < settling_time;
}

/// A source that does not get through is the fault of what is between ntsboxd and chronyd, or a
/// matter of chronyd's choice, only while ntsboxd is well: else that is the cause.
Finding check_refclock(const View& view) {
  const auto grade = view.following == Following::nobody ? Grade::bad : Grade::degraded;
  const auto grade_beside = view.daemon_is_well ? grade : Grade::well;
  const auto* refclock = refclock_of(view);
  if (!refclock)
    return {"refclock", Severity::failed, "chronyd has no refclock GPS", "ntsbox-provision apply",
            grade};
  if (refclock->state == 'x')
    return {"refclock", Severity::failed,
            "chronyd rejects the refclock GPS as a falseticker: the other sources contradict it",
            "chronyc sources: which of them is wrong? Less than a second: is it the wrong edge "
            "([pulse] edge)?",
            grade};
  if (!is_followed(*refclock) && is_settling(view))
    return {"refclock", Severity::warning,
            "ntsboxd has just locked, and chronyd does not follow it yet", "wait a minute", grade};
  if (refclock->reach == 0 && view.daemon_is_well)
    return {"refclock", Severity::failed,
            "ntsboxd sends samples, and none of them reaches chronyd (reach 0)",
            "systemctl restart chrony ntsboxd: its socket may be of an earlier run", grade};
  if (refclock->reach == 0)
    return {"refclock", Severity::failed, "chronyd gets no samples from the refclock GPS (reach 0)",
            "see what was found about pulse and samples", grade_beside};
  if (is_followed(*refclock))
    return {"refclock", Severity::ok, "chronyd follows the refclock GPS", ""};
  return {"refclock", Severity::warning,
          fmt::format("chronyd does not follow the receiver ({})", refclock->state),
          why_not_selected(view, *refclock), grade_beside};
}

/// Whether a source contradicts the receiver while that is followed: by chronyd's own choice, or by
/// an offset beyond both margins.
bool contradicts(const View& view, const Source& source) {
  if (source.state == 'x') return true;
  return view.following == Following::receiver && source.reach != 0 && source.age &&
         abs(source.offset) > source.margin + view.bound;
}

void check_upstreams(const View& view, Findings& findings) {
  std::int64_t all = 0, answer = 0, against = 0;
  std::string names;
  nanoseconds farthest{};
  for (const auto& source : view.sources) {
    if (!is_upstream(source)) continue;
    ++all;
    answer += source.reach != 0 ? 1 : 0;
    if (!contradicts(view, source)) continue;
    ++against;
    farthest = std::max(farthest, abs(source.offset));
    names += (names.empty() ? "" : ", ") + source.name;
  }
  if (all > 0 && answer == 0)
    findings.push_back({"upstream", Severity::warning,
                        "no upstream answers: nothing cross-checks the receiver",
                        "is the network up, and are 4460/tcp and 123/udp open? Without a network: "
                        "ntsbox-provision --airgap",
                        Grade::degraded});
  else if (all > 0)
    findings.push_back(
        {"upstream", Severity::ok, fmt::format("{} of {} upstreams answer", answer, all), ""});
  if (against == 0) return;
  const bool outvoted = view.following == Following::receiver && against >= 2 && against == answer;
  findings.push_back(
      {"disagreement", outvoted ? Severity::failed : Severity::warning,
       fmt::format("{} of {} upstreams contradict the receiver, by up to {}: {}", against, all,
                   size_of(farthest), names),
       outvoted
           ? "trust neither: chronyc sources; compare with another clock before you go on"
           : "name other ones (ntsbox-provision --upstream HOST), unless the receiver is wrong",
       outvoted ? Grade::bad : Grade::degraded});
}

void check_authentication(const View& view, Findings& findings) {
  for (const auto& source : view.authentications) {
    // Cookies, and not the number of the key, which stays after a loss.
    if (source.mode == "NTS" && source.cookies == 0)
      findings.push_back({"authentication", Severity::warning,
                          source.name + ": the NTS handshake fails, there are no cookies",
                          "journalctl -u chrony says why; systemctl restart chrony tries again",
                          Grade::degraded});
    if (source.mode == "-")
      findings.push_back({"authentication", Severity::warning,
                          source.name + " is not authenticated, and is not selected",
                          "take it out of what you added, or ask it by NTS", Grade::degraded});
  }
}

}  // namespace

void check_sources(const View& view, Findings& findings) {
  findings.push_back(check_refclock(view));
  check_upstreams(view, findings);
  check_authentication(view, findings);
}

}  // namespace ntsbox::diagnose
