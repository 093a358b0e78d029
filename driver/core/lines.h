#pragma once
// The lines of a stream, however the bytes were cut on their way.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "driver/core/event.h"

namespace ntsbox::driver {

class LineFramer {
 public:
  using Take = std::function<void(std::string_view line)>;

  /// `cap` is the longest line in bytes, its end not counted. No more than cap + 1 bytes are ever
  /// kept.
  explicit LineFramer(std::size_t cap) : cap_(cap) {}

  /// Calls `take` for each line that `bytes` ends, without its LF and without one CR before that.
  /// The line lives for that call. A longer line than the cap is passed over up to its LF, and
  /// counted.
  void feed(std::string_view bytes, const Take& take);

  /// How many lines were longer than the cap since the beginning; one counts as soon as it is too
  /// long.
  [[nodiscard]] std::uint64_t overlong() const { return overlong_; }

  /// Forgets the line that has begun, as for a new connection.
  void reset();

 private:
  void keep(std::string_view part);
  void end_of_line(std::string_view rest, const Take& take);

  std::size_t cap_;
  std::string begun_;
  bool passing_over_ = false;
  std::uint64_t overlong_ = 0;
};

/// A longer line is not one of a pulse stream.
inline constexpr std::size_t longest_pulse_line = 128;

/// The edge in a line of a pulse stream, "SECONDS.NNNNNNNNN SEQUENCE" without its line feed
/// (docs/event-log.md); empty for any other text.
[[nodiscard]] std::optional<Pulse> parse_pulse_line(std::string_view line);

}  // namespace ntsbox::driver
