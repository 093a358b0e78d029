#include "tests/scenarios/world.h"

#include <utility>

#include "driver/core/event_log.h"

namespace ntsbox::scenarios {

using driver::Event;
using driver::GpsdReport;
using Reading = ClockReading;

struct World::Timed {
  double when;
  std::function<Event(Reading)> make;
  std::optional<std::size_t> edge{};  // which of edges(), for a pulse
};

struct World::Edge {
  int second;         // the true second in which the edge is
  nanoseconds after;  // from its beginning to the stamp
  bool pulse;         // or a glitch
};

nanoseconds World::stepped(double when) const {
  nanoseconds sum{};
  for (const auto& [at, step] : steps)
    if (at <= when) sum += step;
  return sum;
}

double World::slewed(double when) const {
  double sum = 0;
  for (const auto& slew : slews)
    if (when > slew.from) sum += (std::min(when, slew.until) - slew.from) * slew.ppm * 1e-6;
  return sum;
}

/// How long the machine has slept until `when`.
double World::slept(double when) const {
  double sum = 0;
  for (const auto& [from, length] : sleeps) sum += std::clamp(when - from, 0.0, length);
  return sum;
}

bool World::sleeps_at(double when) const {
  return std::any_of(sleeps.begin(), sleeps.end(), [when](const auto& sleep) {
    return when >= sleep.first && when < sleep.first + sleep.second;
  });
}

SystemTime World::system_at(double when) const {
  const auto whole = static_cast<std::int64_t>(when);
  return SystemTime{seconds{start + whole} + span(when - static_cast<double>(whole)) + clock_error +
                    span(when * clock_ppm * 1e-6 + slewed(when)) + stepped(when)};
}

Reading World::read(double when, nanoseconds noise) const {
  const auto awake = when - slept(when);
  const auto since = span(awake * (1 + clock_ppm * 1e-6) + slewed(when));
  Reading at{system_at(when), MonotonicTime{1000s + since + noise}, std::nullopt};
  if (raw) at.raw = RawTime{900s + span(awake * (1 + raw_ppm * 1e-6)) + noise / 2};
  return at;
}

std::vector<World::Edge> World::edges(int length) const {
  std::vector<Edge> edges;
  for (int s = 0; s < length; ++s) {
    auto phases = extra_edges(s);
    if (pulse(s)) phases.push_back(0);
    std::sort(phases.begin(), phases.end());
    for (const auto phase : phases)
      edges.push_back({s, phase == 0 ? pulse_delay(s) : span(phase), phase == 0});
  }
  return edges;
}

EdgeTruth World::truth_of(const Edge& edge, double handed_over) const {
  const double at = edge.second + static_cast<double>(edge.after.count()) / 1e9;
  const int nearest = edge.second + (edge.after > 500ms ? 1 : 0);
  const auto error = clock_error + span(at * clock_ppm * 1e-6 + slewed(at)) + stepped(handed_over);
  return {edge.pulse ? edge.second : -1, seconds{utc(nearest) - start - nearest} - error,
          nearest == leap_at};
}

std::vector<SimulatedEvent> World::simulate(int length) const {
  std::mt19937 random{seed};
  std::vector<Timed> timed;
  const auto all_edges = edges(length);
  for (std::size_t i = 0; i < all_edges.size(); ++i) {
    const auto& edge = all_edges[i];
    const auto when =
        edge.second + (edge.pulse ? 0 : static_cast<double>(edge.after.count()) / 1e9);
    if (sleeps_at(when)) continue;
    const driver::Pulse stamped{system_at(when) + (edge.pulse ? edge.after : 0ns),
                                sequence(100 + i)};
    timed.push_back({when + handover(edge.second),
                     [stamped](Reading at) {
                       return Event{at, stamped};
                     },
                     i});
  }
  double line_free = 0;
  for (int s = 0; s < length; ++s) {
    timed.push_back({s + 0.55, [this](Reading at) { return Event{at, driver::Tick{status}}; }});
    if (speaks(s)) line_free = add_messages(s, line_free, timed);
  }
  for (const auto& [when, make] : extras) timed.push_back({when, make});
  std::stable_sort(timed.begin(), timed.end(),
                   [](const auto& a, const auto& b) { return a.when < b.when; });
  std::vector<SimulatedEvent> events;
  events.reserve(timed.size());
  for (const auto& t : timed) {
    const auto event = t.make(read(t.when, reading_noise(random)));
    if (sleeps_at(t.when)) continue;
    std::optional<EdgeTruth> truth;
    if (t.edge) truth = truth_of(all_edges[*t.edge], t.when);
    events.push_back({event, truth});
  }
  return events;
}

std::vector<Event> World::live(int length) const {
  std::vector<Event> events;
  for (const auto& one : simulate(length)) events.push_back(one.event);
  return events;
}

/// Messages come over one line, in the order of their epochs. Returns when it is free again.
double World::add_messages(int s, double line_free, std::vector<Timed>& timed) const {
  constexpr double shortest_message = 0.01;
  const UtcInstant time{UtcSecond{seconds{utc(s) - truth_label(s) + label(s)}}, span(fix_fraction)};
  const auto burst = std::max(s + fix_fraction + latency(s), line_free);
  const int fix_mode = mode(s);
  if (fix_mode >= 2 && sends_toff(s)) {
    const driver::TimeReport toff{device(s),
                                  {time.second + seconds{toff_label(s)}, time.fraction},
                                  system_at(burst) + toff_clock(s)};
    timed.push_back({burst + toff_delay(s), [toff](Reading at) {
                       return Event{at, GpsdReport{toff}};
                     }});
  }
  line_free = burst + shortest_message;
  if (!sends_tpv(s)) return line_free;
  driver::FixReport tpv{device(s), fix_mode, fix_status(s), std::nullopt, leap_seconds(s)};
  if (fix_mode >= 2) tpv.time = time;
  timed.push_back({burst + cycle, [tpv](Reading at) { return Event{at, GpsdReport{tpv}}; }});
  return line_free;
}

namespace {

/// ,"clock_sec":...,"clock_nsec":...
std::string clock_members(SystemTime clock) {
  const auto since = clock.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(since);
  return R"(,"clock_sec":)" + std::to_string(whole.count()) + R"(,"clock_nsec":)" +
         std::to_string((since - whole).count());
}

}  // namespace

std::string logged(const Event& event) {
  const auto* report = std::get_if<GpsdReport>(&event.what);
  if (!report) return log_event(event);
  std::string line;
  if (const auto* fix = std::get_if<driver::FixReport>(report)) {
    line = R"({"class":"TPV","device":")" + std::string{fix->device} + R"(","mode":)" +
           std::to_string(fix->mode);
    if (fix->time) {
      const auto milliseconds = std::to_string(1000 + fix->time->fraction / 1ms).substr(1);
      const auto whole = format_iso_utc(fix->time->second);
      line += R"(,"time":")" + whole.substr(0, whole.size() - 1) + "." + milliseconds + "Z\"";
    }
    line += "}";
  } else if (const auto* time = std::get_if<driver::TimeReport>(report)) {
    line = R"({"class":"TOFF","device":")" + std::string{time->device} + R"(","real_sec":)" +
           std::to_string(time->real.second.time_since_epoch().count()) + R"(, "real_nsec":)" +
           std::to_string(time->real.fraction.count()) + clock_members(time->clock) + "}";
  } else if (const auto* early = std::get_if<driver::QuantizationReport>(report)) {
    line = R"({"class":"PPS","device":")" + std::string{early->device} + R"(","real_sec":)" +
           std::to_string(early->second.time_since_epoch().count()) + R"(,"real_nsec":0)" +
           clock_members(event.at.system) + R"(,"precision":-20,"qErr":)" +
           std::to_string(early->early.count()) + "}";
  }
  return driver::log_gpsd_line(event.at, line);
}

void Outcome::add(const driver::Decision& decision, const EdgeTruth& edge, UtcSecond start) {
  if (const auto* reason = std::get_if<Reason>(&decision)) {
    ++refused[*reason];
    return;
  }
  const auto& sample = std::get<driver::Sample>(decision);
  ++samples;
  worst = std::max<nanoseconds>(worst, std::chrono::abs(error_of(sample, edge)));
  const bool consistent = sample.offset == *offset_of(sample.second, sample.stamp);
  if (consistent && is_right(sample, edge)) {
    if (edge.second >= 0) sent.push_back(static_cast<int>(edge.second));
  } else if (++wrong == 1) {
    const auto since =
        sample.stamp.time_since_epoch() + edge.true_offset - start.time_since_epoch();
    first_wrong = static_cast<int>(since / 1s);
  }
}

Outcome live(const World& world, int length, driver::BridgeOptions options) {
  driver::Bridge bridge{std::move(options)};
  const UtcSecond start{seconds{world.start}};
  Outcome outcome;
  for (const auto& [event, edge] : world.simulate(length)) {
    const auto step = bridge.step(event);
    if (step.state) outcome.states.push_back(*step.state);
    if (step.decision) outcome.add(*step.decision, *edge, start);
  }
  return outcome;
}

driver::BridgeOptions options() {
  driver::BridgeOptions chosen;
  chosen.earliest_date = UtcSecond{seconds{1'767'225'600}};
  return chosen;
}

Outcome live(const World& world, int length) {
  return live(world, length, options());
}

}  // namespace ntsbox::scenarios
