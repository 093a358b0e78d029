#pragma once
// The commands that change a running simulator.

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "sim/core/nmea.h"

namespace ntsbox::sim {

/// The longest delay from an edge to its sentences.
inline constexpr nanoseconds largest_latency = 10s;

struct SetFix {
  FixMode mode;
};

struct SetPulse {
  bool on;
};

struct SetSentences {
  bool on;
};

struct SetPlugged {  // the serial port
  bool in;
};

struct SetLatency {
  nanoseconds latency;
};

/// Steps the receiver's time, and its pulse, by this much.
struct Jump {
  nanoseconds by;
};

/// Corrupts the checksum of one burst in so many; 0: of none.
struct Corrupt {
  unsigned one_in;
};

struct Quit {};

using Command =
    std::variant<SetFix, SetPulse, SetSentences, SetPlugged, SetLatency, Jump, Corrupt, Quit>;

/// A command with the time at which it is executed.
struct Scheduled {
  nanoseconds at;  // after the start
  Command command;
  std::string words;
};

inline constexpr char command_help[] =
    "  fix on|2d|off       the fix that the sentences report\n"
    "  pulse on|off        start or stop the pulses\n"
    "  nmea on|off         start or stop the sentences\n"
    "  plug, unplug        connect or disconnect the serial port\n"
    "  latency SECONDS     delay from an edge to its sentences, up to 10\n"
    "  jump SECONDS        step the receiver's time and its pulse\n"
    "  corrupt N           corrupt the checksum of one burst in N, 0 for none\n"
    "  quit                end the simulator\n";

/// "fix off", "latency 0.3", "jump -1"; a line's end is ignored. Fails on any other text.
[[nodiscard]] Result<Command> parse_command(std::string_view text);

/// "60:fix off". Fails on any other text.
[[nodiscard]] Result<Scheduled> parse_scheduled(std::string_view text);

/// Decimal seconds of up to nine decimals, "0.15" or "-3", within `least` and `most`. Fails on
/// any other text.
[[nodiscard]] Result<nanoseconds> parse_seconds(std::string_view text, nanoseconds least,
                                                nanoseconds most);

}  // namespace ntsbox::sim
