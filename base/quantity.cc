#include "base/quantity.h"

#include <fmt/format.h>

#include <array>

namespace ntsbox {
namespace {

struct Unit {
  std::int64_t nanoseconds;
  const char* name;
};

constexpr std::int64_t hour = 3600;
constexpr std::int64_t day = 24 * hour;
constexpr nanoseconds longest = nanoseconds::max() / 2;

constexpr std::array<Unit, 3> units{{{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}}};

/// `up`: never less than it is.
std::string in_unit(nanoseconds time, bool up) {
  const auto size = std::min(abs(minus(time, 0ns)), longest).count();
  const auto parts = [&](std::int64_t part) { return (size + (up ? part - 1 : part / 2)) / part; };
  for (const auto& unit : units) {
    if (size < unit.nanoseconds) continue;
    const auto tenths = parts(unit.nanoseconds / 10);
    if (tenths >= 100) return fmt::format("{} {}", parts(unit.nanoseconds), unit.name);
    return fmt::format("{}.{} {}", tenths / 10, tenths % 10, unit.name);
  }
  return fmt::format("{} ns", size);
}

}  // namespace

std::string size_of(nanoseconds time) {
  return in_unit(time, false);
}

std::string at_most(nanoseconds bound) {
  return in_unit(bound, true);
}

std::string signed_size_of(nanoseconds time) {
  return (time < 0ns ? "-" : "+") + size_of(time);
}

std::string span_of(seconds time) {
  const auto s = time.count();
  if (s < 120) return fmt::format("{} s", s);
  if (s < 2 * hour) return fmt::format("{} min", s / 60);
  if (s < 2 * day) return fmt::format("{} h {} min", s / hour, s / 60 % 60);
  if (s < 60 * day) return fmt::format("{} d {} h", s / day, s / hour % 24);
  return fmt::format("{} d", s / day);
}

std::string date_of(UtcSecond second) {
  auto text = format_iso_utc(second);
  text.pop_back();
  text[10] = ' ';
  return text;
}

}  // namespace ntsbox
