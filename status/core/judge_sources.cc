// What chronyd makes of its sources, and whether they agree.

#include <fmt/format.h>

#include <algorithm>

#include "contract/constants.h"
#include "status/core/judge.h"
#include "status/core/words.h"

namespace ntsbox::status {
namespace {

std::string why_not_selected(const View& view, const chronyc::Source& source) {
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

/// For so long chronyd may take to follow a feed that has come back.
bool is_settling(const View& view) {
  return view.feed->since && view.now - *view.feed->since < seconds{60};
}

/// Ntsboxd is well, so it is between the two, or a matter of chronyd's choice.
void judge_refclock(const View& view, Remarks& remarks) {
  const auto grade = view.following == Following::nobody ? Grade::bad : Grade::degraded;
  const auto* refclock = refclock_of(view);
  if (!refclock)
    remarks.push_back({grade, "refclock", "chronyd has no refclock GPS", "ntsbox-provision apply"});
  else if (refclock->state == 'x')
    remarks.push_back({grade, "refclock",
                       "chronyd holds the receiver for false: the other sources contradict it",
                       "chronyc sources: which of them is wrong? Less than a second: is it the "
                       "wrong edge ([pulse] edge)?"});
  else if (!view.feed_is_well)
    return;
  else if (!is_followed(*refclock) && is_settling(view))
    remarks.push_back({grade, "refclock",
                       "ntsboxd has just locked, and chronyd does not follow it yet",
                       "wait a minute"});
  else if (refclock->reach == 0)
    remarks.push_back({grade, "refclock", "ntsboxd sends samples, and none of them reaches chronyd",
                       "systemctl restart chrony ntsboxd: its socket may be of an earlier run"});
  else if (!is_followed(*refclock))
    remarks.push_back({grade, "refclock",
                       fmt::format("chronyd does not follow the receiver ({})", refclock->state),
                       why_not_selected(view, *refclock)});
}

/// Against the receiver, when that is followed: chronyd's own judgement, and a closer look.
bool contradicts(const View& view, const chronyc::Source& source) {
  if (source.state == 'x') return true;
  return view.following == Following::receiver && source.reach != 0 && source.age &&
         abs(source.offset) > source.margin + view.bound;
}

void judge_upstreams(const View& view, Remarks& remarks) {
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
    remarks.push_back({Grade::degraded, "upstream",
                       "no upstream answers: nothing cross-checks the receiver",
                       "is the network up, and are 4460/tcp and 123/udp open? Without a network: "
                       "ntsbox-provision --airgap"});
  if (against == 0) return;
  const bool outvoted = view.following == Following::receiver && against >= 2 && against == answer;
  remarks.push_back(
      {outvoted ? Grade::bad : Grade::degraded, "disagreement",
       fmt::format("{} of {} upstreams contradict the receiver, by up to {}: {}", against, all,
                   size_of(farthest), names),
       outvoted
           ? "trust neither: chronyc sources; compare with another clock before you go on"
           : "name other ones (ntsbox-provision --upstream HOST), unless the receiver is wrong"});
}

void judge_authentication(const View& view, Remarks& remarks) {
  for (const auto& source : view.authentications) {
    if (source.mode == "NTS" && source.cookies == 0)
      remarks.push_back({Grade::degraded, "authentication",
                         source.name + ": the NTS handshake fails, there are no cookies",
                         "journalctl -u chrony says why; systemctl restart chrony tries again"});
    if (source.mode == "-")
      remarks.push_back({Grade::degraded, "authentication",
                         source.name + " is not authenticated, and so has no say",
                         "take it out of what you added, or ask it by NTS"});
  }
}

}  // namespace

void judge_sources(const View& view, Remarks& remarks) {
  if (!view.tracking) return;
  judge_refclock(view, remarks);
  judge_upstreams(view, remarks);
  judge_authentication(view, remarks);
}

}  // namespace ntsbox::status
