#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstddef>

#include "base/text.h"

namespace ntsbox {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
// The first and the last second that four digits of a year can have.
constexpr UtcSecond first_written{seconds{-62'167'219'200}};
constexpr UtcSecond last_written{seconds{253'402'300'799}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

/// The number that `digits` (digits only) spell; the largest one when it does not fit.
std::int64_t number(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} ? value : std::numeric_limits<std::int64_t>::max();
}

/// Takes `count` digits off the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count || !all_digits(text.substr(0, count))) return std::nullopt;
  const auto value = static_cast<int>(number(text.substr(0, count)));
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// The decimals of a second, scaled to nanoseconds; `digits` has 1 to 9 of them.
nanoseconds fraction_of(std::string_view digits) {
  auto value = number(digits);
  for (auto n = digits.size(); n < 9; ++n) value *= 10;
  return nanoseconds{value};
}

}  // namespace

std::optional<nanoseconds> offset_of(UtcSecond second, SystemTime stamp) {
  constexpr std::int64_t limit = (std::int64_t{1} << 32) - 1;
  // By hand: the lowest second of the range is not whole, so chrono's floor of it does not fit.
  auto whole = stamp.time_since_epoch().count() / ns_per_second;
  auto fraction = stamp.time_since_epoch().count() % ns_per_second;
  if (fraction < 0) {
    --whole;
    fraction += ns_per_second;
  }
  std::int64_t apart = 0;
  if (__builtin_sub_overflow(second.time_since_epoch().count(), whole, &apart) || apart > limit ||
      apart < -limit)
    return std::nullopt;
  return seconds{apart} - nanoseconds{fraction};
}

std::optional<nanoseconds> parse_decimal_seconds(std::string_view text) {
  const bool negative = take(text, '-');
  const auto point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const auto whole = text.substr(0, point);
  const auto decimals = text.substr(point + 1);
  if (!all_digits(whole) || decimals.size() != 9 || !all_digits(decimals)) return std::nullopt;
  std::int64_t value = 0;
  if (__builtin_mul_overflow(number(whole), ns_per_second, &value) ||
      __builtin_add_overflow(value, number(decimals), &value))
    return negative ? -nanoseconds::max() : nanoseconds::max();
  return nanoseconds{negative ? -value : value};
}

std::string format_decimal_seconds(nanoseconds value) {
  const auto ns = value.count();
  const auto magnitude =
      ns < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", magnitude / ns_per_second,
                     magnitude % ns_per_second);
}

std::optional<UtcInstant> parse_iso_utc(std::string_view text) {
  struct Part {
    std::size_t digits;
    char end;
  };

  constexpr std::array<Part, 6> parts{{{4, '-'}, {2, '-'}, {2, 'T'}, {2, ':'}, {2, ':'}, {2, 0}}};
  std::array<int, parts.size()> values{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = take_number(text, parts[i].digits);
    if (!value || (parts[i].end != 0 && !take(text, parts[i].end))) return std::nullopt;
    values[i] = *value;
  }
  const auto [year, month, day, hour, minute, second_of_minute] = values;
  nanoseconds fraction{};
  if (take(text, '.')) {
    const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    fraction = fraction_of(digits);
    text.remove_prefix(digits.size());
  }
  if (text != "Z") return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  const bool leap_second = hour == 23 && minute == 59 && second_of_minute == 60;
  if (!date.ok() || hour > 23 || minute > 59 || (second_of_minute > 59 && !leap_second))
    return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch();
  const UtcSecond second{seconds{days} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
                         seconds{second_of_minute}};
  if (second > last_written) return std::nullopt;
  return UtcInstant{second, fraction};
}

std::string format_iso_utc(UtcSecond second) {
  const std::chrono::sys_seconds time{
      std::clamp(second, first_written, last_written).time_since_epoch()};
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{time - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<UtcSecond> end_of_leap_table(std::string_view table) {
  constexpr std::int64_t ntp_to_unix = 2'208'988'800;  // NTP counts from 1900 (RFC 5905, 6)
  // "#@<tab>3991593600"
  for (const auto line : lines_of(table)) {
    const auto words = words_of(line);
    if (words.size() != 2 || words[0] != "#@") continue;
    if (const auto until = number_in(words[1], ntp_to_unix, 2 * ntp_to_unix))
      return UtcSecond{seconds{*until - ntp_to_unix}};
  }
  return std::nullopt;
}

}  // namespace ntsbox
