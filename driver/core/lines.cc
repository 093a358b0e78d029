#include "driver/core/lines.h"

#include <charconv>

namespace ntsbox::driver {

void LineFramer::feed(std::string_view bytes, const Take& take) {
  for (;;) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return keep(bytes);
    end_of_line(bytes.substr(0, end), take);
    bytes.remove_prefix(end + 1);
  }
}

/// Keeps a part whose end is still to come. One byte beyond the cap is kept, since it may be the
/// CR.
void LineFramer::keep(std::string_view part) {
  if (passing_over_ || part.empty()) return;
  if (part.size() <= cap_ + 1 - begun_.size()) {
    begun_ += part;
    return;
  }
  passing_over_ = true;
  begun_.clear();
  ++overlong_;
}

void LineFramer::end_of_line(std::string_view rest, const Take& take) {
  if (!begun_.empty() || passing_over_) keep(rest);
  std::string_view line = begun_.empty() ? rest : begun_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!passing_over_ && line.size() > cap_) ++overlong_;
  if (!passing_over_ && line.size() <= cap_) take(line);
  reset();
}

void LineFramer::reset() {
  begun_.clear();
  passing_over_ = false;
}

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
