#include "lab/core/serial_line.h"

#include <algorithm>

namespace ntsbox::lab {
namespace {

constexpr std::size_t most_waiting = 4096;
constexpr std::size_t fifo = 8;
constexpr unsigned bits_a_byte = 10;

}  // namespace

SerialLine::SerialLine(unsigned baud)
    : byte_time_(baud == 0 ? 0ns : nanoseconds{seconds{bits_a_byte}} / baud) {}

void SerialLine::send(std::string_view text, MonotonicTime start) {
  if (waiting_.size() + text.size() > most_waiting) return;
  if (waiting_.empty()) first_arrival_ = start + byte_time_;
  waiting_ += text;
}

std::string SerialLine::take(MonotonicTime now) {
  if (waiting_.empty() || now < first_arrival_) return {};
  auto count = waiting_.size();
  if (byte_time_ > 0ns)
    count = std::min(count, static_cast<std::size_t>((now - first_arrival_) / byte_time_) + 1);
  auto arrived = waiting_.substr(0, count);
  waiting_.erase(0, count);
  first_arrival_ = arrival(count);
  return arrived;
}

std::optional<MonotonicTime> SerialLine::next() const {
  if (waiting_.empty()) return std::nullopt;
  return arrival(std::min(fifo, waiting_.size()) - 1);
}

MonotonicTime SerialLine::arrival(std::size_t index) const {
  return first_arrival_ + byte_time_ * static_cast<std::int64_t>(index);
}

}  // namespace ntsbox::lab
