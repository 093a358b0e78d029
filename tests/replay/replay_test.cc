// `ntsboxd --replay` in simulated worlds: what is healthy is sent. The events pass through the text
// of an event log.
//
// The files of golden/ have the decisions of the bridge, in runs. After a change that is meant:
//   NTSBOX_GOLDEN=write build/dev/tests/replay_test '[golden]'
// and read the difference.

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "tests/replay/replayed.h"

using namespace ntsbox;
using namespace ntsbox::scenarios;

TEST_CASE("pulses of a healthy machine are sent after thirty seconds", "[replay]") {
  struct Case {
    const char* name;
    std::vector<Change> changes;
    bool needs_raw =
        false;  // without it the begin of a slew looks like a glitch: docs/integrity.md
  };

  std::vector<Case> cases;
  const auto each = [](const auto& values, const auto& change) {
    std::vector<Change> changes;
    for (const auto value : values) changes.push_back([=](World& w) { change(w, value); });
    return changes;
  };
  cases.push_back({"each latency inside the band",
                   each(std::array{0.05, 0.15, 0.3, 0.5, 0.7, 0.9},
                        [](World& w, double late) { w.latency = always(late); })});
  cases.push_back(
      {"latencies that jitter", {latency(spread(0.05, 0.9)), latency(spread(0.3, 0.6))}});
  cases.push_back({"a slow line",
                   {[](World& w) { w.cycle = 0.55; },
                    [](World& w) {
                      w.cycle = 0.7;
                      w.latency = always(0.5);
                    }}});
  cases.push_back({"oscillators at the limits of their data sheets",
                   each(std::array{-100.0, 100.0}, [](World& w, double ppm) {
                     w.clock_ppm = ppm;
                     w.raw_ppm = -ppm;
                   })});
  cases.push_back({"a clock that is anywhere",
                   each(std::array<nanoseconds, 5>{0ns, -500ms, 86'400s, -seconds{a_morning},
                                                   80 * 365 * 86'400s},
                        [](World& w, nanoseconds error) { w.clock_error = error; })});
  cases.push_back({"a receiver that stamps fractions",
                   each(std::array{0.02, 0.5, 0.949},
                        [](World& w, double fraction) { w.fix_fraction = fraction; })});
  cases.push_back({"slews at chronyd's fastest",
                   each(std::array{83'333.0, -83'333.0, 1000.0},
                        [](World& w, double ppm) {
                          w.slews = {{100.3, 130.7, ppm}};
                        }),
                   true});
  cases.push_back(
      {"a counter that wraps or starts again",
       {[](World& w) { w.sequence = [](auto n) { return (n + 0xffff'ff06) & 0xffff'ffff; }; },
        [](World& w) { w.sequence = [](auto n) { return n < 150 ? n : n - 140; }; }}});
  cases.push_back({"interrupts that are late by a third of a millisecond", {[](World& w) {
                     w.pulse_delay = [](int s) { return s % 7 == 0 ? 300'000ns : 2000ns; };
                   }}});
  cases.push_back({"a synchronised clock that agrees", {knows}});
  cases.push_back({"a fix in two dimensions", {[](World& w) { w.mode = always(2); }}});
  cases.push_back({"messages that stall each minute",
                   {latency([](int s) { return s % 60 == 59 ? 1.15 : 0.15; })}});
  for (const auto& one : cases)
    for (const auto& change : one.changes)
      for (const bool raw : {true, false}) {
        if (one.needs_raw && !raw) continue;
        INFO(one.name << (raw ? ", raw" : ""));
        const auto done = checked(changed(change, raw));
        CHECK(done.outcome.sent_between(30, length) >= 0.999 * (length - 30));
      }
}

TEST_CASE("after a step one message is waited for, since the machine may have slept", "[replay]") {
  for (const nanoseconds by : {nanoseconds{-1s}, nanoseconds{300ms}, nanoseconds{1s},
                               nanoseconds{3600s}, nanoseconds{10'000'000s}}) {
    const auto done = checked(changed([=](World& w) { w.steps[100.4] = by; }));
    CHECK(done.outcome.sent_between(30, length) == length - 30 - 1);
  }
}

TEST_CASE("without raw time a slew costs two pulses at each change of its rate", "[replay]") {
  for (const double ppm : {83'333.0, -83'333.0, 20'000.0, -5000.0, 1000.0, -900.0}) {
    const auto world = changed([=](World& w) { w.slews = {{100.3, 130.7, ppm}}; }, false);
    CHECK(checked(world).outcome.sent.size() >= length - 12 - 4);
  }
}

namespace {

/// The decisions in runs: "LOCKED x1", "sample x140", "refused hold x5".
std::string runs_of(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, int>> runs;
  for (const auto& line : lines) {
    const auto decision = member(line, "decision");
    const auto word = decision == "state"     ? member(line, "state")
                      : decision == "refused" ? "refused " + member(line, "reason")
                                              : decision;
    if (runs.empty() || runs.back().first != word) runs.emplace_back(word, 0);
    ++runs.back().second;
  }
  std::string text;
  for (const auto& [word, count] : runs) text += fmt::format("{} x{}\n", word, count);
  return text;
}

}  // namespace

TEST_CASE("the decisions are those of the golden files", "[replay][golden]") {
  const std::vector<std::pair<std::string, Change>> cases{
      {"healthy", nothing},
      {"stall", latency(stalled)},
      {"rollover", label(during<std::int64_t>(150, 999, -rollover, 0))},
      {"step", [](World& w) { w.steps[150.00005] = 300ms; }},
      {"wrong-edge",
       [](World& w) {
         w.pulse = [](int s) { return s < 150; };
         w.extra_edges = during(150, 200, phases(1, 0.1), {});
       }},
      {"two-hertz", edges(always(phases(1, 0.5)))},
      {"no-fix", [](World& w) { w.mode = during(150, 200, 1, 3); }},
      {"gpsd-restarted", both(lost_at_150(event_at<driver::GpsdLost>),
                              [](World& w) { w.speaks = during(151, 160, false, true); })},
      {"pps-lost", lost_at_150(event_at<driver::PpsLost>)},
      {"wrap",
       [](World& w) { w.sequence = [](auto n) { return (n + 0xffff'ff06) & 0xffff'ffff; }; }},
      {"leap-second", leap},
  };
  for (const auto& [name, change] : cases) {
    INFO(name);
    const auto runs = runs_of(checked(changed(change)).lines);
    const auto path = std::string{NTSBOX_SOURCE} + "/tests/replay/golden/" + name;
    const char* golden = std::getenv("NTSBOX_GOLDEN");
    if (golden && std::string_view{golden} == "write") std::ofstream{path} << runs;
    std::ifstream file{path};
    CHECK(runs == std::string{std::istreambuf_iterator<char>{file}, {}});
  }
}
