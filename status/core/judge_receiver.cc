// The way of the time: receiver, gpsd, ntsboxd, and on to chronyd.

#include <fmt/format.h>

#include "contract/constants.h"
#include "status/core/judge.h"
#include "status/core/words.h"

namespace ntsbox::status {
namespace {

constexpr char look_at_daemon[] = "systemctl status ntsboxd; journalctl -u ntsboxd";
constexpr char look_at_chronyd[] = "systemctl status chrony; journalctl -u chrony";

// Of the last pulses: when more than a tenth of them is farther off than this, chronyd's median is
// no refuge.
constexpr std::string_view unsteady[] = {"300us", "1ms", "more"};
constexpr std::int64_t enough_pulses = 100;

std::string cure_of(const DaemonStatus& feed) {
  if (!feed.pulse_trouble.empty() || (!feed.pulse_source_open && !feed.reason))
    return "is the pulse source there, and ntsboxd allowed to read it? journalctl -u ntsboxd";
  if (feed.reason && !hint_for(*feed.reason).empty()) return std::string{hint_for(*feed.reason)};
  if (feed.pulses_come == false)
    return "is the PPS wire on the right pin (--pps-gpio), and does the receiver send pulses?";
  return look_at_daemon;
}

/// The words of ntsboxd's headline, without what the screen shows anyway.
std::string headline_of(const DaemonStatus& feed) {
  const auto colon = feed.summary.rfind("no samples: ");
  return fmt::format("{}: {}", name_of(feed.state),
                     colon == std::string::npos ? feed.summary : feed.summary.substr(colon + 12));
}

/// Serious only when nothing better is followed; whoever judges the clock says so.
void judge_feed(const View& view, Grade grade, Remarks& remarks) {
  const auto& feed = view.feed;
  if (!feed)
    remarks.push_back({grade, "ntsboxd", "ntsboxd tells nothing: it does not run", look_at_daemon});
  else if (!view.feed_is_fresh)
    remarks.push_back({grade, "ntsboxd",
                       "ntsboxd is silent since " +
                           (feed->written ? date_of(*feed->written) : "an unknown time") +
                           ": it hangs, or the clock was stepped",
                       "systemctl restart ntsboxd, unless it is well within ten seconds"});
  else if (feed->state != State::locked)
    remarks.push_back({grade, feed->reason ? std::string{name_of(*feed->reason)} : "pulse",
                       headline_of(*feed), cure_of(*feed)});
  else if (!feed->takes_samples)
    remarks.push_back({grade, "samples", "ntsboxd has sent no sample yet", "wait a second"});
  else if (!*feed->takes_samples && refclock_of(view))
    remarks.push_back(
        {grade, "samples",
         feed->sink_trouble.empty() ? "chronyd does not take the samples" : feed->sink_trouble,
         fmt::format("is {} ntsboxd's own? systemctl restart chrony", contract::socket_path)});
}

void judge_steadiness(const DaemonStatus& feed, Remarks& remarks) {
  std::int64_t all = 0;
  std::int64_t far = 0;
  for (const auto& bin : feed.jitter) {
    all += bin.recent;
    for (const auto name : unsteady) far += bin.below == name ? bin.recent : 0;
  }
  if (all >= enough_pulses && far * 10 > all)
    remarks.push_back({Grade::degraded, "jitter",
                       fmt::format("{} of the last {} pulses are off by 100 us and more", far, all),
                       "is the wire noisy, or the machine overloaded? ntsbox-provision --tune"});
}

}  // namespace

void judge_receiver(const View& view, Remarks& remarks) {
  if (!view.chronyc_there) {
    remarks.push_back({Grade::unknown, "chronyc", "chronyc is not installed: is this a box?",
                       "ntsbox-provision makes it one"});
    return;
  }
  if (!view.tracking) {
    remarks.push_back(
        {Grade::bad, "chronyd", "chronyd does not answer: no time is served", look_at_chronyd});
    judge_feed(view, Grade::degraded, remarks);
    return;
  }
  judge_feed(view, view.following == Following::nobody ? Grade::bad : Grade::degraded, remarks);
  if (view.feed && view.feed_is_fresh) judge_steadiness(*view.feed, remarks);
}

}  // namespace ntsbox::status
