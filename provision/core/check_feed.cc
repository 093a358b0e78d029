// The way of the time: receiver, gpsd, ntsboxd, chronyd.

#include <fmt/format.h>

#include <string_view>

#include "contract/constants.h"
#include "contract/status_file.h"
#include "provision/core/checks.h"

namespace ntsbox::provision {
namespace {

constexpr char look_at_daemon[] = "systemctl status ntsboxd; journalctl -u ntsboxd";

std::string hint_of(const DaemonStatus& feed) {
  const auto hint = feed.reason ? hint_for(*feed.reason) : "";
  return std::string{hint.empty() ? look_at_daemon : hint};
}

bool is_stale(const DaemonStatus& feed, UtcSecond now) {
  return !feed.written || *feed.written + contract::status_stale < now;
}

void judge_receiver(const DaemonStatus& feed, Findings& findings) {
  if (!feed.gpsd_connected) {
    findings.push_back(
        {"gpsd", Verdict::failed,
         feed.gpsd_trouble.empty() ? "ntsboxd does not reach gpsd" : feed.gpsd_trouble,
         "systemctl status gpsd"});
    return;
  }
  if (feed.device.empty() || feed.reason == Reason::no_receiver) {
    findings.push_back({"receiver", Verdict::failed, "no receiver speaks to gpsd",
                        "is it plugged in, and does gpsd have its device? (/etc/ntsbox/gpsd.env)"});
    return;
  }
  findings.push_back({"receiver", Verdict::ok, "gpsd has " + feed.device, ""});
  if (feed.fix_mode < 2)
    findings.push_back(
        {"fix", Verdict::failed, "the receiver has no fix",
         "has the antenna a free view of the sky? A cold start takes up to 15 minutes"});
  else
    findings.push_back({"fix", Verdict::ok,
                        fmt::format("{}D fix of {} satellites", feed.fix_mode, feed.satellites),
                        ""});
}

void judge_pulse(const DaemonStatus& feed, Findings& findings) {
  if (!feed.pulse_trouble.empty() || !feed.pulse_source_open)
    findings.push_back(
        {"pulse", Verdict::failed,
         feed.pulse_trouble.empty() ? "the pulse source is not open" : feed.pulse_trouble,
         look_at_daemon});
  else if (!feed.pulses_come.value_or(feed.state == State::locked))
    findings.push_back({"pulse", Verdict::failed, "no pulses arrive",
                        "is the PPS wire on the right pin (--pps-gpio), and does the receiver send "
                        "pulses? Many do so only "
                        "with a fix"});
  else
    findings.push_back({"pulse", Verdict::ok, fmt::format("{} pulses so far", feed.pulses), ""});
}

void judge_samples(const DaemonStatus& feed, Findings& findings) {
  if (feed.state != State::locked)
    findings.push_back({"samples",
                        feed.state == State::acquiring ? Verdict::warning : Verdict::failed,
                        feed.summary, hint_of(feed)});
  else if (!feed.takes_samples)
    findings.push_back({"samples", Verdict::warning, "no sample was sent yet", "wait a second"});
  else if (!*feed.takes_samples)
    findings.push_back(
        {"samples", Verdict::failed,
         feed.sink_trouble.empty() ? "chronyd does not take the samples" : feed.sink_trouble,
         fmt::format("is chronyd running, and {} ntsboxd's own? (systemctl restart chrony)",
                     contract::socket_path)});
  else
    findings.push_back({"samples", Verdict::ok,
                        fmt::format("{} samples so far, {} of {} pulses refused", feed.samples,
                                    feed.pulses - feed.samples, feed.pulses),
                        ""});
}

}  // namespace

bool may_settle(const Evidence& evidence, seconds lately) {
  const auto feed = evidence.status ? parse_status(*evidence.status) : std::nullopt;
  if (!feed) return true;
  if (feed->state == State::locked && feed->takes_samples.value_or(false) &&
      !is_stale(*feed, evidence.now))
    return false;
  // A clock that was stepped in between may put `since` anywhere.
  return feed->since && evidence.now - *feed->since < lately &&
         *feed->since - evidence.now < lately;
}

void check_feed(const Evidence& evidence, Findings& findings) {
  const auto feed = evidence.status ? parse_status(*evidence.status) : std::nullopt;
  if (!feed) {
    findings.push_back(
        {"ntsboxd", Verdict::failed, "ntsboxd tells nothing: it does not run", look_at_daemon});
    return;
  }
  if (is_stale(*feed, evidence.now)) {
    findings.push_back({"ntsboxd", Verdict::failed,
                        "ntsboxd's status is " +
                            (feed->written ? "of " + format_iso_utc(*feed->written) : "not dated") +
                            ": it stopped, or the clock was stepped",
                        look_at_daemon});
    return;
  }
  findings.push_back({"ntsboxd", Verdict::ok, "ntsboxd " + feed->version + " runs", ""});
  judge_receiver(*feed, findings);
  judge_pulse(*feed, findings);
  judge_samples(*feed, findings);
}

}  // namespace ntsbox::provision
