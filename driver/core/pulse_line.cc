#include "driver/core/pulse_line.h"

#include <charconv>

namespace ntsbox::driver {

std::optional<Pulse> parse_pulse_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto stamp = parse_decimal_seconds(line.substr(0, space));
  const auto digits = line.substr(space + 1);
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  if (!stamp || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return Pulse{SystemTime{*stamp}, sequence};
}

}  // namespace ntsbox::driver
