#pragma once
// What a report of weeks needs, in one short line a minute (docs/history.md). Values in, lines out.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "driver/core/decision.h"
#include "driver/core/event.h"

namespace ntsbox::driver {

/// What stands beside the pulses when a line is made.
struct Surroundings {
  State state = State::waiting;
  int fix_mode = 0;
  int satellites_used = 0;
  std::uint64_t missed = 0;             // Counters::missed, which may have begun again
  std::optional<double> temperature{};  // of the board, degrees Celsius
};

/// "48312\n" of the kernel's thermal zone, thousandths of a degree; empty for any other text.
[[nodiscard]] std::optional<double> temperature_in(std::string_view text);

class History {
 public:
  /// About what one line covers.
  static constexpr nanoseconds span = 60s;

  /// A decision, and how far off the pulse before it was, where that was judged (Jitter).
  void take(const Decision& decision, std::optional<nanoseconds> jitter);
  /// The whole sky: it takes the place of what was seen before.
  void take(std::span<const Satellite> sky);

  /// Whether it is time for a line. The first call begins.
  [[nodiscard]] bool due(MonotonicTime now);

  /// The line of what was taken since the last one, with its line feed. The next line begins here.
  [[nodiscard]] std::string close(const Reading& at, const Surroundings& around);

 private:
  // Enough for one pulse a second until a late tick.
  static constexpr std::size_t most_kept = 128;
  // Each tau of the Allan deviation, in seconds; longer ones come from the whole minutes.
  static constexpr std::array<int, 5> taus{1, 2, 4, 8, 16};

  /// Squared second differences of the offset at one tau: what an Allan deviation is made of.
  struct Differences {
    std::uint64_t count = 0;
    double sum = 0;  // ns^2
  };

  /// Of one line.
  struct Minute {
    std::uint64_t pulses = 0, samples = 0;
    std::map<Reason, std::uint64_t> refused;
    std::vector<std::int64_t> offsets, jitters, corrections;  // ns
    std::array<Differences, taus.size()> differences{};
    std::optional<Sample> whole;  // the sample of a second that is a multiple of 60
  };

  void take(const Sample& sample);
  void add_differences(const Sample& sample);
  [[nodiscard]] std::optional<nanoseconds> offset_at(UtcSecond second) const;
  static void add_members(JsonObject& line, Minute& minute);
  void add_sky(JsonObject& line);

  Minute minute_;
  std::array<std::optional<Sample>, 64> recent_;  // by its second: the last minute of them
  std::vector<Satellite> sky_;
  int lines_to_sky_ = 0;  // until the sky is written again
  std::optional<MonotonicTime> begun_;
  std::uint64_t missed_ = 0;
};

}  // namespace ntsbox::driver
