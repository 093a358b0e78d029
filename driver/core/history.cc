#include "driver/core/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/text.h"

namespace ntsbox::driver {
namespace {

// The sky turns by half a degree a minute, and takes more room than all else.
constexpr int lines_a_sky = 10;
// No wander of a clock: a step.
constexpr nanoseconds step = 10ms;

/// "[a,b,c]": of sorted values those at these parts of a thousand.
std::string quantiles(std::vector<std::int64_t>& values, std::initializer_list<std::size_t> parts) {
  std::sort(values.begin(), values.end());
  std::string out;
  for (const auto part : parts)
    out += fmt::format("{}{}", out.empty() ? "[" : ",", values[(values.size() - 1) * part / 1000]);
  return out + "]";
}

std::int64_t whole_second(SystemTime time) {
  return std::chrono::floor<seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::optional<double> temperature_in(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto thousandths = number_in(text, -100'000, 300'000);
  if (!thousandths) return std::nullopt;
  return static_cast<double>(*thousandths) / 1000;
}

void History::take(const Decision& decision, std::optional<nanoseconds> jitter) {
  ++minute_.pulses;
  if (const auto* reason = std::get_if<Reason>(&decision)) ++minute_.refused[*reason];
  if (const auto* sample = std::get_if<Sample>(&decision)) take(*sample);
  if (jitter && minute_.jitters.size() < most_kept) minute_.jitters.push_back(jitter->count());
}

void History::take(const Sample& sample) {
  ++minute_.samples;
  if (minute_.offsets.size() < most_kept) {
    minute_.offsets.push_back(sample.offset.count());
    minute_.corrections.push_back(sample.correction.count());
  }
  if (sample.second.time_since_epoch() % 60s == 0s) minute_.whole = sample;
  follow_wander(sample);
}

std::optional<nanoseconds> History::offset_at(UtcSecond second) const {
  const auto place = second.time_since_epoch().count() & 63;
  const auto& kept = recent_[static_cast<std::size_t>(place)];
  return kept && kept->second == second ? std::optional{kept->offset} : std::nullopt;
}

void History::follow_wander(const Sample& sample) {
  for (std::size_t i = 0; i < taus.size(); ++i) {
    const auto middle = offset_at(sample.second - seconds{taus[i]});
    const auto first = offset_at(sample.second - seconds{2 * taus[i]});
    if (!middle || !first) continue;
    // Half of each, so that no sum overflows.
    const auto half = minus(*first / 2 + sample.offset / 2, *middle);
    if (abs(half) >= step) continue;
    const auto difference = 2 * static_cast<double>(half.count());
    ++minute_.wander[i].count;
    minute_.wander[i].sum += difference * difference;
  }
  recent_[static_cast<std::size_t>(sample.second.time_since_epoch().count() & 63)] = sample;
}

void History::take(std::span<const Satellite> sky) {
  sky_.assign(sky.begin(), sky.end());
}

bool History::due(MonotonicTime now) {
  if (!begun_) begun_ = now;
  return difference(now, *begun_) >= span;
}

std::string History::members_of(Minute& minute) {
  std::string out;
  std::string refused;
  for (const auto& [reason, count] : minute.refused)
    refused += fmt::format(R"({}"{}":{})", refused.empty() ? "" : ",", name_of(reason), count);
  if (!refused.empty()) out += ",\"refused\":{" + refused + "}";
  if (!minute.offsets.empty()) out += ",\"offset\":" + quantiles(minute.offsets, {0, 500, 1000});
  const auto is_zero = [](std::int64_t correction) { return correction == 0; };
  if (!std::all_of(minute.corrections.begin(), minute.corrections.end(), is_zero))
    out += ",\"correction\":" + quantiles(minute.corrections, {0, 500, 1000});
  if (!minute.jitters.empty()) out += ",\"jitter\":" + quantiles(minute.jitters, {500, 900, 1000});
  if (minute.whole)
    out += fmt::format(R"(,"whole":[{},{}])", minute.whole->second.time_since_epoch().count(),
                       minute.whole->offset.count());
  std::string wander;
  for (const auto& each : minute.wander)
    wander += fmt::format("{}[{},{:.0f}]", wander.empty() ? "" : ",", each.count, each.sum);
  if (minute.wander[0].count > 0) out += ",\"wander\":[" + wander + "]";
  return out;
}

std::string History::sky_member() {
  if (sky_.empty() || lines_to_sky_-- > 0) return "";
  lines_to_sky_ = lines_a_sky - 1;
  std::string out;
  for (const auto& each : sky_)
    out += fmt::format("{}[{},{},{},{},{},{}]", out.empty() ? "" : ",", each.system, each.number,
                       each.azimuth, each.elevation, each.signal, each.used ? 1 : 0);
  sky_.clear();
  return ",\"sky\":[" + out + "]";
}

std::string History::close(const Reading& at, const Surroundings& around) {
  auto minute = std::exchange(minute_, {});
  const auto begun = std::exchange(begun_, at.monotonic).value_or(at.monotonic);
  const auto missed = around.missed - (around.missed < missed_ ? 0 : missed_);
  missed_ = around.missed;
  auto line = fmt::format(
      R"({{"t":{},"span":{},"state":"{}","fix":{},"used":{},"pulses":{},"samples":{},"missed":{})",
      whole_second(at.system), nearest_second(difference(at.monotonic, begun)).count(),
      name_of(around.state), around.fix_mode, around.satellites_used, minute.pulses, minute.samples,
      missed);
  line += members_of(minute);
  if (around.temperature) line += fmt::format(",\"temperature\":{:.1f}", *around.temperature);
  return line + sky_member() + "}\n";
}

}  // namespace ntsbox::driver
