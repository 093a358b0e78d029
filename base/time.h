#pragma once
// The only names for time, and their units. Four clocks that must never be mixed by accident are
// four types; docs/units.md describes them.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace ntsbox {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

namespace clocks {
/// Tags only: nothing below main and io ever asks a clock for its time.
template <class Tag>
struct Named {
  using duration = nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Named>;
  static constexpr bool is_steady = false;
};
}  // namespace clocks

/// CLOCK_REALTIME: what the machine believes UTC to be, right or wrong.
using SystemTime = clocks::Named<struct SystemTag>::time_point;
/// CLOCK_MONOTONIC: no steps, but slewed by chronyd.
using MonotonicTime = clocks::Named<struct MonotonicTag>::time_point;
/// CLOCK_MONOTONIC_RAW: neither steps nor slews: the oscillator as it is.
using RawTime = clocks::Named<struct RawTag>::time_point;
/// A whole second of true UTC, POSIX count (a leap second has no number of its own).
using UtcSecond = std::chrono::time_point<clocks::Named<struct UtcTag>, seconds>;

/// The machine's clocks, read together. `raw` is absent in some recordings.
struct ClockReading {
  SystemTime system;
  MonotonicTime monotonic;
  std::optional<RawTime> raw;
};

/// The kernel's clock status (adjtimex(2)).
struct ClockStatus {
  bool synchronised = false;  // STA_UNSYNC is clear
  nanoseconds maxerror{};     // how wrong the system clock may be
};

/// An instant of true UTC as a receiver reports it: any year, so the second does not fit in
/// nanoseconds.
struct UtcInstant {
  UtcSecond second;
  nanoseconds fraction{};  // 0 <= fraction < 1 s

  friend bool operator==(const UtcInstant&, const UtcInstant&) = default;
};

/// a - b, held within ±nanoseconds::max() instead of overflowing: a log or a broken clock may hold
/// anything. (So its negation and its magnitude exist.)
[[nodiscard]] constexpr nanoseconds minus(nanoseconds a, nanoseconds b) {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(a.count(), b.count(), &result))
    return std::max(nanoseconds{result}, -nanoseconds::max());
  return a < b ? -nanoseconds::max() : nanoseconds::max();
}

/// The same for two instants of one clock.
template <class Clock>
[[nodiscard]] constexpr nanoseconds difference(std::chrono::time_point<Clock, nanoseconds> a,
                                               std::chrono::time_point<Clock, nanoseconds> b) {
  return minus(a.time_since_epoch(), b.time_since_epoch());
}

/// The whole number of seconds nearest to a span of any size, half a second going up.
/// (std::chrono::round overflows within a second of either end.)
[[nodiscard]] constexpr seconds nearest_second(nanoseconds span) {
  const auto whole = std::chrono::duration_cast<seconds>(span);
  const auto rest = span % 1s;
  return rest >= 500ms ? whole + 1s : rest < -500ms ? whole - 1s : whole;
}

/// How far a span of any size is off that: at most half a second either way.
[[nodiscard]] constexpr nanoseconds off_second(nanoseconds span) {
  const auto rest = span % 1s;
  return rest >= 500ms ? rest - 1s : rest < -500ms ? rest + 1s : rest;
}

/// True time minus system time at an edge that marked `second`: what chrony calls a refclock's
/// offset. Empty when it does not fit chrony's range, 2^32 s (chrony util.c, UTI_IsTimeOffsetSane).
[[nodiscard]] std::optional<nanoseconds> offset_of(UtcSecond second, SystemTime stamp);

/// "1795341600.000001234": decimal seconds with exactly nine decimals, a leading '-' for negative
/// times. Empty for any other text. A value that does not fit is held at the end of the range.
[[nodiscard]] std::optional<nanoseconds> parse_decimal_seconds(std::string_view text);
[[nodiscard]] std::string format_decimal_seconds(nanoseconds value);

/// Strict ISO 8601 "YYYY-MM-DDTHH:MM:SS[.f]Z" with 1 to 9 decimals, upper-case letters, real dates
/// and seconds 0 to 59 (60 only as 23:59:60, which POSIX counts as the second after; not that of
/// the year 9999, for which four digits have no second after). Empty for any other text.
[[nodiscard]] std::optional<UtcInstant> parse_iso_utc(std::string_view text);
/// "2026-11-22T10:00:00Z".
[[nodiscard]] std::string format_iso_utc(UtcSecond second);

/// Where tzdata keeps the table of leap seconds.
inline constexpr char leap_table_path[] = "/usr/share/zoneinfo/leap-seconds.list";

/// Until when a table of leap seconds (leap-seconds.list of the IERS) is good; empty when it has no
/// such line.
[[nodiscard]] std::optional<UtcSecond> end_of_leap_table(std::string_view table);

}  // namespace ntsbox
