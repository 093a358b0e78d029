#pragma once
// What a simulated receiver can be told while it runs.

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "lab/core/nmea.h"

namespace ntsbox::lab {

/// The longest from a second's edge to its sentences.
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

/// The receiver's time, and its pulse with it, steps by this much.
struct Jump {
  nanoseconds by;
};

/// A bad checksum in one burst of so many; 0: in none.
struct Corrupt {
  unsigned one_in;
};

struct Quit {};

using Command =
    std::variant<SetFix, SetPulse, SetSentences, SetPlugged, SetLatency, Jump, Corrupt, Quit>;

/// A command for later.
struct Scheduled {
  nanoseconds at;  // after the start
  Command command;
  std::string words;
};

inline constexpr char command_help[] =
    "  fix on|2d|off       what its sentences claim\n"
    "  pulse on|off        the pulses\n"
    "  nmea on|off         the sentences\n"
    "  plug, unplug        the serial port\n"
    "  latency SECONDS     from a second's edge to its sentences, up to 10\n"
    "  jump SECONDS        the receiver's time steps, and its pulse with it\n"
    "  corrupt N           a bad checksum in one burst of N, 0 for none\n"
    "  quit\n";

/// "fix off", "latency 0.3", "jump -1". Fails, in words, on any other text. A line's end is passed
/// over.
[[nodiscard]] Result<Command> parse_command(std::string_view text);

/// "60:fix off". Fails, in words, on any other text.
[[nodiscard]] Result<Scheduled> parse_scheduled(std::string_view text);

/// Decimal seconds of up to nine decimals, "0.15" or "-3", within `least` and `most`. Fails, in
/// words, on any other text.
[[nodiscard]] Result<nanoseconds> parse_seconds(std::string_view text, nanoseconds least,
                                                nanoseconds most);

}  // namespace ntsbox::lab
