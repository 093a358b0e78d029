#include "pps/io/comparer.h"

#include <algorithm>
#include <array>

#include "posix/clock.h"
#include "posix/stop.h"

namespace ntsbox::pps {
namespace {

// A pulse's partner may be on its way that long.
constexpr nanoseconds grace = 600ms;

std::string silence_of(const Listener& source, nanoseconds patience) {
  const auto seconds =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  return source.name() + ": no pulse for " + seconds + " s" +
         (source.is_open() ? " (is its wire connected, and its receiver set to send pulses?)" : "");
}

}  // namespace

Listened listen_to_both(const ComparerOptions& options, const Listener::Say& say) {
  std::array<Listener, 2> sources{Listener{options.a, say}, Listener{options.b, say}};
  std::optional<MonotonicTime> end;
  std::string trouble;
  for (bool go_on = true; go_on;) {
    std::vector<pollfd> polled;
    for (auto& source : sources) source.watch(polled);
    go_on = wait_for(polled, 250ms);
    for (auto& source : sources) source.attend();
    const auto now = read_clocks().monotonic;
    if (!end && sources[0].opened() && sources[1].opened()) end = now + options.span + grace;
    if (end && now >= *end) break;
    const auto* quiet = std::find_if(sources.begin(), sources.end(), [&](const Listener& source) {
      return difference(now, source.heard()) > options.patience;
    });
    if (quiet == sources.end()) continue;
    trouble = silence_of(*quiet, options.patience);
    break;
  }
  const auto until = read_clocks().system - (grace - 500ms);
  const auto from =
      std::max(sources[0].opened().value_or(until), sources[1].opened().value_or(until));
  return {{sources[0].name(), sources[1].name(),
           compare(sources[0].stamps(), sources[1].stamps(), {from, until})},
          trouble};
}

}  // namespace ntsbox::pps
