#pragma once
// One line of gpsd's JSON protocol as a value (gpsd_json(5)). Parsed here and not through libgps's
// gps_data_t: libgps 3.22 files TOFF under PPS and keeps seconds in 32 bits (docs/decisions/0004).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/time.h"

namespace ntsbox::driver {

/// Strings and spans in these reports live until the next line is parsed.

/// TPV: the receiver's fix, sent at the end of gpsd's cycle.
struct FixReport {
  std::string_view device;
  int mode = 0;    // 0 unknown, 1 no fix, 2 2D, 3 3D
  int status = 0;  // gpsd's STATUS_*: 0 when absent, 8 a simulator
  std::optional<UtcInstant> time;
  std::optional<int> leap_seconds{};  // GPS time less UTC, once the receiver knows it
};

/// TOFF: the receiver's time beside the system clock at the first byte of its burst.
struct TimeReport {
  std::string_view device;
  UtcInstant real;
  SystemTime clock;
};

/// PPS with a qErr: by how much the pulse came early, as the receiver reckoned beforehand. (The
/// second is gpsd's own guess, and no evidence.)
struct QuantizationReport {
  std::string_view device;
  UtcSecond second;
  std::chrono::duration<std::int64_t, std::pico> early{};
};

/// A satellite whose place in the sky is known.
struct Satellite {
  int system = 0;     // gpsd's gnssid: 0 GPS, 2 Galileo, 3 BeiDou, 6 GLONASS, ...
  int number = 0;     // gpsd's svid, within its system
  int azimuth = 0;    // degrees from north over east
  int elevation = 0;  // degrees over the horizon
  int signal = 0;     // carrier to noise, dB-Hz; 0: not heard
  bool used = false;  // in the fix

  friend bool operator==(const Satellite&, const Satellite&) = default;
};

/// SKY, when it counts the satellites used.
struct SkyReport {
  std::string_view device;
  int satellites_used = 0;
  std::span<const Satellite> satellites{};  // as many as it tells the place of
};

/// DEVICES, or DEVICE for a single one: what gpsd has open.
struct DeviceReport {
  bool whole_list = false;  // DEVICES: what it does not list is gone
  std::size_t count = 0;    // DEVICES: how many are active
  std::string_view device;  // a single DEVICE's path
  bool active = false;      // a single DEVICE's state
};

/// VERSION: gpsd's greeting.
struct GreetingReport {
  std::string_view release;
};

/// ERROR: gpsd's answer to a request that it could not take.
struct ErrorReport {
  std::string_view message;
};

/// An NMEA sentence, as the receiver sent it or as gpsd makes it of another protocol ("nmea":true).
/// It has no device.
struct SentenceReport {
  enum class Fix { not_in_it, valid, none };  // RMC's status, GGA's quality, GSA's mode
  Fix fix = Fix::not_in_it;
  std::optional<nanoseconds> time_of_day = std::nullopt;  // RMC's
};

/// A class or a shape that says nothing to us.
struct OtherReport {};

/// Not a report of gpsd's: not one JSON object with a class, too long, too deep, or a member of
/// ours twice.
struct JunkReport {};

using GpsdReport =
    std::variant<FixReport, TimeReport, QuantizationReport, SkyReport, DeviceReport, SentenceReport,
                 GreetingReport, ErrorReport, OtherReport, JunkReport>;

class GpsdReportParser {
 public:
  /// gpsd's own limit is 10 240 bytes a line (gpsd.h, GPS_JSON_RESPONSE_MAX).
  static constexpr std::size_t max_line = std::size_t{16} << 10;

  GpsdReportParser();

  /// Never fails: what cannot be read is a JunkReport. Allocates nothing once warm.
  GpsdReport parse(std::string_view line);

 private:
  JsonParser json_;
  std::vector<Satellite> satellites_;  // of the last SKY
};

}  // namespace ntsbox::driver
