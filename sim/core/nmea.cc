#include "sim/core/nmea.h"

#include <fmt/format.h>

#include <algorithm>

namespace ntsbox::sim {
namespace {

constexpr std::string_view position = "4656.8785,N,00726.8468,E";
constexpr std::string_view no_position = ",,,";

struct Fields {
  std::string clock;       // hhmmss.ss
  std::string short_date;  // ddmmyy
  std::string long_date;   // dd,mm,yyyy
};

Fields fields_of(UtcTime time, int decimals) {
  const std::chrono::sys_time<nanoseconds> instant{time.time_since_epoch()};
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{instant - midnight};
  const auto day = static_cast<unsigned>(date.day());
  const auto month = static_cast<unsigned>(date.month());
  const auto year = static_cast<int>(date.year());
  const auto fraction = fmt::format("{:09}", clock.subseconds().count());
  return {
      fmt::format("{:02}{:02}{:02}.{}", clock.hours().count(), clock.minutes().count(),
                  clock.seconds().count(), fraction.substr(0, static_cast<std::size_t>(decimals))),
      fmt::format("{:02}{:02}{:02}", day, month, year % 100),
      fmt::format("{:02},{:02},{:04}", day, month, year)};
}

std::string rmc(const Fields& at, bool fix) {
  return sentence(fmt::format("GPRMC,{},{},{},{},{},,,{}", at.clock, fix ? 'A' : 'V',
                              fix ? position : no_position, fix ? "0.01,31.66" : ",", at.short_date,
                              fix ? 'A' : 'N'));
}

std::string gga(const Fields& at, FixMode mode) {
  const bool fix = mode != FixMode::none;
  // Without an altitude gpsd knows a fix of two dimensions only.
  const char* altitude = mode == FixMode::three_d ? "546.7,M,47.9,M" : ",M,,M";
  return sentence(fmt::format("GPGGA,{},{},{},{},{},{},,", at.clock, fix ? position : no_position,
                              fix ? 1 : 0, fix ? "08" : "00", fix ? "0.94" : "", altitude));
}

std::string gsa(FixMode mode) {
  switch (mode) {
    case FixMode::none:
      return sentence("GPGSA,A,1,,,,,,,,,,,,,,,");
    case FixMode::two_d:
      return sentence("GPGSA,A,2,04,05,09,12,17,19,24,25,,,,,1.58,0.94,");
    case FixMode::three_d:
      return sentence("GPGSA,A,3,04,05,09,12,17,19,24,25,,,,,1.58,0.94,1.27");
  }
  return "";
}

std::string gsv() {
  return sentence("GPGSV,3,1,09,04,67,270,38,05,32,142,36,09,41,226,41,12,11,080,30") +
         sentence("GPGSV,3,2,09,17,19,311,33,19,08,290,25,24,55,093,42,25,21,052,35") +
         sentence("GPGSV,3,3,09,02,05,180,");
}

constexpr std::size_t most_waiting = 4096;
constexpr std::size_t fifo = 8;
constexpr unsigned bits_a_byte = 10;

}  // namespace

std::string sentence(std::string_view body) {
  unsigned sum = 0;
  for (const char c : body) sum ^= static_cast<unsigned char>(c);
  return fmt::format("${}*{:02X}\r\n", body, sum);
}

std::string sentences_of(const Epoch& epoch, int decimals) {
  const auto at = fields_of(epoch.time, decimals);
  auto text = rmc(at, epoch.mode != FixMode::none) + gga(at, epoch.mode) + gsa(epoch.mode);
  if (epoch.satellites_in_view) text += gsv();
  return text + sentence(fmt::format("GPZDA,{},{},00,00", at.clock, at.long_date));
}

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

}  // namespace ntsbox::sim
