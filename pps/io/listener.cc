#include "pps/io/listener.h"

#include <algorithm>
#include <array>

#include "posix/clock.h"
#include "posix/process.h"

namespace ntsbox::pps {
namespace {

// How much later a pulse's partner may be read.
constexpr nanoseconds grace = 600ms;

std::string silence_of(const Listener& source, nanoseconds patience) {
  const auto seconds =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  return source.name() + ": no pulse for " + seconds + " s" +
         (source.is_open() ? " (is its wire connected, and its receiver set to send pulses?)" : "");
}

}  // namespace

using driver::PulseRecord;

Listener::Listener(const PulseSource& source, Log log)
    : name_(name_of(source)),
      log_(std::move(log)),
      feed_(driver::open_pulse_feed(source)),
      last_pulse_(read_clocks().monotonic) {}

void Listener::attend() {
  const auto take_it = [this](const PulseRecord& record) { take(record); };
  feed_->drain(take_it);
  feed_->tick(read_clocks().monotonic, take_it);
}

void Listener::take(const PulseRecord& record) {
  switch (record.kind) {
    case PulseRecord::Kind::pulse:
      stamps_.push_back(record.pulse.stamp);
      last_pulse_ = read_clocks().monotonic;
      break;
    case PulseRecord::Kind::opened:
      open_ = true;
      if (!opened_) opened_ = read_clocks().system;
      if (!record.words.empty()) log_(name_ + ": " + record.words);
      break;
    case PulseRecord::Kind::lost:
      open_ = false;
      log_(record.words);
      break;
  }
}

CompareResult compare_sources(const ComparerOptions& options, const Listener::Log& log) {
  std::array<Listener, 2> sources{Listener{options.a, log}, Listener{options.b, log}};
  std::optional<MonotonicTime> end;
  std::string failure;
  for (bool go_on = true; go_on;) {
    std::vector<pollfd> polled;
    for (auto& source : sources) source.watch(polled);
    go_on = wait_for(polled, 250ms);
    for (auto& source : sources) source.attend();
    const auto now = read_clocks().monotonic;
    if (!end && sources[0].opened() && sources[1].opened()) end = now + options.span + grace;
    if (end && now >= *end) break;
    const auto* quiet = std::find_if(sources.begin(), sources.end(), [&](const Listener& source) {
      return difference(now, source.last_pulse()) > options.patience;
    });
    if (quiet == sources.end()) continue;
    failure = silence_of(*quiet, options.patience);
    break;
  }
  const auto until = read_clocks().system - (grace - 500ms);
  const auto from =
      std::max(sources[0].opened().value_or(until), sources[1].opened().value_or(until));
  return {{sources[0].name(), sources[1].name(),
           compare(sources[0].stamps(), sources[1].stamps(), {from, until})},
          failure};
}

}  // namespace ntsbox::pps
