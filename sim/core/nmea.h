#pragma once
// NMEA 0183 sentences as a GPS receiver sends them, and when their bytes arrive over a serial line.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::sim {

/// An instant of true UTC, within the years that nanoseconds reach (1678 to 2261).
using UtcTime = std::chrono::time_point<UtcSecond::clock, nanoseconds>;

enum class FixMode { none, two_d, three_d };

/// One epoch of a receiver, at rest near Bern with eight satellites in use when it has a fix.
struct Epoch {
  UtcTime time;
  FixMode mode = FixMode::three_d;
  bool satellites_in_view = false;  // also send GSV, which receivers send less often
};

/// "$" + body + "*" + checksum + CR LF (NMEA 0183 §5.3).
[[nodiscard]] std::string sentence(std::string_view body);

/// The burst of an epoch: RMC, GGA, GSA, GSV when `epoch` has it, ZDA. `decimals` (1 to 9) digits
/// follow the second.
[[nodiscard]] std::string sentences_of(const Epoch& epoch, int decimals);

/// The bytes on their way over a serial line.
class SerialLine {
 public:
  /// `baud` bits a second, ten bits a byte (8N1); 0: all bytes arrive at once.
  explicit SerialLine(unsigned baud);

  /// Sends `text` at `start`, after what is still on its way. A text that would make the sender
  /// hold more than 4096 bytes is lost as a whole, as in a receiver whose line is too slow.
  void send(std::string_view text, MonotonicTime start);

  /// The bytes that have arrived by `now` and were not taken before.
  [[nodiscard]] std::string take(MonotonicTime now);

  /// When take() returns bytes again; empty when the line is idle. Bytes come eight at a time, as
  /// from the FIFO of a UART.
  [[nodiscard]] std::optional<MonotonicTime> next() const;

  void clear() { waiting_.clear(); }

 private:
  [[nodiscard]] MonotonicTime arrival(std::size_t index) const;

  nanoseconds byte_time_;
  std::string waiting_;
  MonotonicTime first_arrival_;  // of waiting_[0]
};

}  // namespace ntsbox::sim
