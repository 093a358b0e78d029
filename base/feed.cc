#include "base/feed.h"

#include <algorithm>

#include "base/json.h"

namespace ntsbox {
namespace {

struct Cure {
  std::string_view reason;  // docs/event-log.md
  std::string_view words;
};

constexpr Cure cures[] = {
    {"clock-range", "set the clock by hand once: date --set"},
    {"off-beat",
     "is the wire noisy, or the wrong edge captured? ([pulse] edge in /etc/ntsbox/ntsboxd.toml)"},
    {"pulse-rate", "set the receiver to one pulse a second; shield the wire"},
    {"late", "the machine is overloaded, or its clock is stopped at times"},
    {"no-gpsd", "systemctl status gpsd"},
    {"no-receiver",
     "is the receiver plugged in, and does gpsd have its device? (/etc/ntsbox/gpsd.env)"},
    {"several-receivers", "name the one to follow: ntsbox-provision --receiver DEVICE"},
    {"no-fix", "has the antenna a free view of the sky? A cold start takes up to 15 minutes"},
    {"no-second",
     "its sentences come too late: raise its baud rate, or switch off sentences that nobody needs"},
    {"time-mismatch", "restart gpsd; if it stays, the receiver is at fault"},
    {"leap-seconds",
     "wait a quarter of an hour for the almanac; if it stays, update the receiver's firmware"},
    {"ambiguous",
     "its sentences come too near a pulse, or too late: raise its baud rate, or switch off "
     "sentences "
     "that nobody needs"},
    {"before-floor", "a week rollover of the receiver: update its firmware, or replace it"},
    {"after-ceiling", "a week rollover of the receiver: update its firmware, or replace it"},
    {"acquiring", "wait ten seconds"},
    {"hold", "wait ten seconds"},
    {"fault",
     "wait twelve minutes; if it stays, receiver or antenna are at fault, or somebody sends false "
     "signals"},
    {"month-end", "wait until midnight UTC is over"},
    {"witness",
     "chronyd's other sources contradict the receiver: chronyc sources; is the wrong edge "
     "captured?"},
};

std::optional<UtcSecond> instant(std::string_view text) {
  const auto parsed = parse_iso_utc(text);
  return parsed ? std::optional{parsed->second} : std::nullopt;
}

void take_text(Feed& feed, std::string_view key, std::string_view text) {
  if (key == "version") feed.version = text;
  if (key == "state") feed.state = text;
  if (key == "summary") feed.summary = text;
  if (key == "reason") feed.reason = text;
  if (key == "written") feed.written = instant(text);
  if (key == "since") feed.since = instant(text);
  if (key == "gpsd.trouble") feed.gpsd_trouble = text;
  if (key == "pps.source") feed.pps_source = text;
  if (key == "receiver.device") feed.device = text;
  if (key == "pps.trouble") feed.pps_trouble = text;
  if (key == "chrony.trouble") feed.chrony_trouble = text;
}

/// "jitter.recent.3us"
void take_jitter(Feed& feed, std::string_view key, std::int64_t number) {
  constexpr std::string_view recent = "jitter.recent.";
  constexpr std::string_view total = "jitter.total.";
  const bool is_recent = key.starts_with(recent);
  if (!is_recent && !key.starts_with(total)) return;
  const auto below = key.substr(is_recent ? recent.size() : total.size());
  auto bin = std::find_if(feed.jitter.begin(), feed.jitter.end(),
                          [&](const JitterBin& known) { return known.below == below; });
  if (bin == feed.jitter.end()) bin = feed.jitter.insert(bin, JitterBin{std::string{below}, 0, 0});
  (is_recent ? bin->recent : bin->total) = number;
}

void take_number(Feed& feed, std::string_view key, std::int64_t number) {
  constexpr std::string_view refused = "refused.";
  if (key == "pulses") feed.pulses = number;
  if (key == "samples") feed.samples = number;
  if (key == "receiver.fix_mode") feed.fix_mode = number;
  if (key == "receiver.satellites_used") feed.satellites = number;
  if (key == "missed") feed.missed = number;
  if (key == "last_sample.second") feed.last_sample = UtcSecond{seconds{number}};
  take_jitter(feed, key, number);
  if (key.starts_with(refused)) feed.refused[std::string{key.substr(refused.size())}] = number;
}

void take_flag(Feed& feed, std::string_view key, bool flag) {
  if (key == "gpsd.connected") feed.gpsd_connected = flag;
  if (key == "pps.open") feed.pps_open = flag;
  if (key == "pps.pulses_come") feed.pulses_come = flag;
  if (key == "chrony.takes_samples") feed.takes_samples = flag;
}

}  // namespace

std::optional<Feed> parse_feed(std::string_view status) {
  Feed feed;
  JsonParser parser{{std::size_t{1} << 16, 8}};
  const bool object =
      parser.parse_nested(status, [&feed](std::string_view key, const JsonValue& value) {
        if (const auto* text = std::get_if<std::string_view>(&value)) take_text(feed, key, *text);
        if (const auto* number = std::get_if<std::int64_t>(&value)) take_number(feed, key, *number);
        if (const auto* flag = std::get_if<bool>(&value)) take_flag(feed, key, *flag);
      });
  return object && !feed.state.empty() ? std::optional{feed} : std::nullopt;
}

std::string_view cure_for(std::string_view reason) {
  for (const auto& cure : cures)
    if (cure.reason == reason) return cure.words;
  return {};
}

}  // namespace ntsbox
