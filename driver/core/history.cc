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
// A second difference that is larger comes from a step of the clock.
constexpr nanoseconds step = 10ms;

/// "[a,b,c]": those of `values` at these parts of a thousand, by size.
std::string quantiles(std::vector<std::int64_t>& values, std::initializer_list<std::size_t> parts) {
  std::sort(values.begin(), values.end());
  return json_array(parts, [&](std::size_t part) {
    return std::to_string(values[(values.size() - 1) * part / 1000]);
  });
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
  add_differences(sample);
}

std::optional<nanoseconds> History::offset_at(UtcSecond second) const {
  const auto place = second.time_since_epoch().count() & 63;
  const auto& kept = recent_[static_cast<std::size_t>(place)];
  return kept && kept->second == second ? std::optional{kept->offset} : std::nullopt;
}

void History::add_differences(const Sample& sample) {
  for (std::size_t i = 0; i < taus.size(); ++i) {
    const auto middle = offset_at(sample.second - seconds{taus[i]});
    const auto first = offset_at(sample.second - seconds{2 * taus[i]});
    if (!middle || !first) continue;
    // Half of each, so that no sum overflows.
    const auto half = minus(*first / 2 + sample.offset / 2, *middle);
    if (abs(half) >= step) continue;
    const auto difference = 2 * static_cast<double>(half.count());
    ++minute_.differences[i].count;
    minute_.differences[i].sum += difference * difference;
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

void History::add_members(JsonObject& line, Minute& minute) {
  JsonObject refused;
  for (const auto& [reason, count] : minute.refused) refused.add(name_of(reason), count);
  if (!minute.refused.empty()) line.add_json("refused", refused.text());
  if (!minute.offsets.empty()) line.add_json("offset", quantiles(minute.offsets, {0, 500, 1000}));
  const auto is_zero = [](std::int64_t correction) { return correction == 0; };
  if (!std::all_of(minute.corrections.begin(), minute.corrections.end(), is_zero))
    line.add_json("correction", quantiles(minute.corrections, {0, 500, 1000}));
  if (!minute.jitters.empty()) line.add_json("jitter", quantiles(minute.jitters, {500, 900, 1000}));
  if (minute.whole)
    line.add_json("whole", fmt::format("[{},{}]", minute.whole->second.time_since_epoch().count(),
                                       minute.whole->offset.count()));
  if (minute.differences[0].count > 0)
    line.add_json("wander", json_array(minute.differences, [](const Differences& each) {
                    return fmt::format("[{},{:.0f}]", each.count, each.sum);
                  }));
}

void History::add_sky(JsonObject& line) {
  if (sky_.empty() || lines_to_sky_-- > 0) return;
  lines_to_sky_ = lines_a_sky - 1;
  line.add_json("sky", json_array(sky_, [](const Satellite& each) {
                  return fmt::format("[{},{},{},{},{},{}]", each.system, each.number, each.azimuth,
                                     each.elevation, each.signal, each.used ? 1 : 0);
                }));
  sky_.clear();
}

std::string History::close(const Reading& at, const Surroundings& around) {
  auto minute = std::exchange(minute_, {});
  const auto begun = std::exchange(begun_, at.monotonic).value_or(at.monotonic);
  const auto missed = around.missed - (around.missed < missed_ ? 0 : missed_);
  missed_ = around.missed;
  JsonObject line;
  line.add("t", whole_second(at.system))
      .add("span", nearest_second(difference(at.monotonic, begun)).count())
      .add("state", name_of(around.state))
      .add("fix", around.fix_mode)
      .add("used", around.satellites_used)
      .add("pulses", minute.pulses)
      .add("samples", minute.samples)
      .add("missed", missed);
  add_members(line, minute);
  if (around.temperature) line.add_json("temperature", fmt::format("{:.1f}", *around.temperature));
  add_sky(line);
  return line.text() + "\n";
}

}  // namespace ntsbox::driver
