#pragma once
// When the bytes of a burst arrive over a serial line.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace ntsbox::lab {

class SerialLine {
 public:
  /// `baud` bits a second, ten bits a byte (8N1); 0: all bytes arrive at once.
  explicit SerialLine(unsigned baud);

  /// The sender hands over `text` at `start`. What is still on its way goes first; a text that
  /// would make the sender hold more than 4096 bytes is lost as a whole, as in a receiver whose
  /// line is too slow.
  void send(std::string_view text, MonotonicTime start);

  /// The bytes that have arrived by `now` and were not taken before.
  [[nodiscard]] std::string take(MonotonicTime now);

  /// When it is worth while to take again; empty when the line is idle. Bytes come eight together,
  /// as a UART's FIFO hands them over.
  [[nodiscard]] std::optional<MonotonicTime> next() const;

  void clear() { waiting_.clear(); }

 private:
  [[nodiscard]] MonotonicTime arrival(std::size_t index) const;

  nanoseconds byte_time_;
  std::string waiting_;
  MonotonicTime first_arrival_;  // of waiting_[0]
};

}  // namespace ntsbox::lab
