#include "sim/core/command.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/text.h"

namespace ntsbox::sim {
namespace {

constexpr nanoseconds year = 366 * 24h;

const std::array<std::pair<std::string_view, Command>, 10> plain{{
    {"fix on", SetFix{FixMode::three_d}},
    {"fix 2d", SetFix{FixMode::two_d}},
    {"fix off", SetFix{FixMode::none}},
    {"pulse on", SetPulse{true}},
    {"pulse off", SetPulse{false}},
    {"nmea on", SetSentences{true}},
    {"nmea off", SetSentences{false}},
    {"plug", SetPlugged{true}},
    {"unplug", SetPlugged{false}},
    {"quit", Quit{}},
}};

std::string_view trimmed(std::string_view text) {
  const auto last = text.find_last_not_of("\r\n");
  return last == std::string_view::npos ? std::string_view{} : text.substr(0, last + 1);
}

/// What follows `word` in `text`; empty when it does not begin so.
std::optional<std::string_view> after(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return std::nullopt;
  return text.substr(word.size());
}

Result<Command> parse_corrupt(std::string_view text) {
  const auto one_in = number_in(text, 0, std::numeric_limits<unsigned>::max());
  if (!one_in) return fail(fmt::format("'{}': a number of bursts was expected", text));
  return Corrupt{static_cast<unsigned>(*one_in)};
}

/// A command that is one number of seconds.
template <class Made>
Result<Command> with_seconds(std::string_view text, nanoseconds least, nanoseconds most) {
  TRY(const auto time, parse_seconds(text, least, most));
  return Made{time};
}

}  // namespace

Result<nanoseconds> parse_seconds(std::string_view text, nanoseconds least, nanoseconds most) {
  // People write short; the strict reader wants nine decimals.
  std::string padded{text};
  const auto point = padded.find('.');
  const auto decimals = point == std::string::npos ? 0 : padded.size() - point - 1;
  if (point == std::string::npos) padded += '.';
  if (decimals < 9) padded.append(9 - decimals, '0');
  const auto value = parse_decimal_seconds(padded);
  if (!value || text.ends_with('.'))
    return fail(fmt::format("'{}': decimal seconds were expected, as in 0.15", text));
  if (*value < least || *value > most)
    return fail(fmt::format("'{}': must be between {} and {} s", text,
                            format_decimal_seconds(least), format_decimal_seconds(most)));
  return *value;
}

Result<Command> parse_command(std::string_view text) {
  text = trimmed(text);
  for (const auto& [words, command] : plain)
    if (text == words) return command;
  if (const auto rest = after(text, "latency "))
    return with_seconds<SetLatency>(*rest, 0s, largest_latency);
  if (const auto rest = after(text, "jump "))
    return with_seconds<Jump>(*rest, -10 * year, 10 * year);
  if (const auto rest = after(text, "corrupt ")) return parse_corrupt(*rest);
  return fail(fmt::format("'{}': no such command", text));
}

Result<Scheduled> parse_scheduled(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return fail(fmt::format("'{}': SECONDS:COMMAND was expected", text));
  TRY(const auto at, parse_seconds(text.substr(0, colon), 0s, year));
  const auto words = trimmed(text.substr(colon + 1));
  TRY(const auto command, parse_command(words));
  return Scheduled{at, command, std::string{words}};
}

}  // namespace ntsbox::sim
