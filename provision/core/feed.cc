#include "provision/core/feed.h"

#include "base/json.h"

namespace ntsbox::provision {
namespace {

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
  if (key == "receiver.device") feed.device = text;
  if (key == "pps.trouble") feed.pps_trouble = text;
  if (key == "chrony.trouble") feed.chrony_trouble = text;
}

void take_number(Feed& feed, std::string_view key, std::int64_t number) {
  constexpr std::string_view refused = "refused.";
  if (key == "pulses") feed.pulses = number;
  if (key == "samples") feed.samples = number;
  if (key == "receiver.fix_mode") feed.fix_mode = number;
  if (key == "receiver.satellites_used") feed.satellites = number;
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

}  // namespace ntsbox::provision
