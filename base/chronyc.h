#pragma once
// What chronyc prints with -c (chronyc(1); the order of the fields is that of client.c). Lines that
// are not what they should be are passed over: an error message of chronyc's is one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace ntsbox::chronyc {

struct Tracking {
  std::string name;  // of the source that was followed last; empty for none
  int stratum = 0;
  SystemTime reference{};      // the last update
  nanoseconds correction{};    // still to be made: positive when the clock is slow
  std::int64_t frequency = 0;  // of the oscillator, ppb: positive when it is fast
  std::int64_t skew = 0;       // how sure of that, ppb
  nanoseconds root_delay{};
  nanoseconds root_dispersion{};
  nanoseconds last_offset{}, rms_offset{};
  bool synchronised = false;
};

struct Source {
  char mode = 0;   // '^' server, '=' peer, '#' refclock
  char state = 0;  // '*' selected, '+' combined, '-' not combined, 'x' falseticker, '~' too
                   // variable, '?' unusable
  std::string name;
  int stratum = 0;
  int reach = 0;               // the last eight polls, a bit each
  std::optional<seconds> age;  // of the last measurement
  nanoseconds offset{};        // positive when this clock is ahead of the source
  nanoseconds margin{};        // of the offset
};

struct Selection {
  std::string name;
  char state = 0;  // a letter of chronyc(1), selectdata
};

struct Authentication {
  std::string name;
  std::string mode;  // "NTS", "SK" (a symmetric key) or "-"
  std::int64_t cookies = 0;
};

struct Served {
  std::int64_t packets = 0, dropped = 0;                // NTP
  std::int64_t handshakes = 0, handshakes_dropped = 0;  // NTS-KE
  std::int64_t authenticated = 0;                       // of the packets
};

[[nodiscard]] std::optional<Tracking> tracking_in(std::string_view output);
/// How long ago chronyd's last update of the clock was: its holdover, while it serves time without
/// measurements. Never negative; 0 while it serves no time.
[[nodiscard]] seconds unsteered(const Tracking& tracking, SystemTime now);
[[nodiscard]] std::vector<Source> sources_in(std::string_view output);
[[nodiscard]] std::vector<Selection> selections_in(std::string_view output);
[[nodiscard]] std::vector<Authentication> authentications_in(std::string_view output);
/// Empty when one of its counts is none: a count that cannot be read is unknown, not 0.
[[nodiscard]] std::optional<Served> served_in(std::string_view output);

/// How many clients asked for the time within the last hour.
[[nodiscard]] std::int64_t clients_in(std::string_view output);

}  // namespace ntsbox::chronyc
