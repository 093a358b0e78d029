// Named faults of the pulse and of its way to the loop (docs/integrity.md has the table).

#include <random>

#include "tests/scenarios/fault_table.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

Event pps_lost(Reading at) {
  return {at, PpsLost{}};
}

/// `count` edges a second, without the pulse's own at 0, `phase` later.
std::vector<double> train(int count, double phase = 0) {
  std::vector<double> edges;
  for (int i = phase > 0 ? 0 : 1; i < count; ++i)
    edges.push_back(static_cast<double>(i) / count + phase);
  return edges;
}

std::function<std::vector<double>(int)> edges(std::vector<double> phases) {
  return meanwhile(std::move(phases), std::vector<double>{});
}

std::function<nanoseconds(int)> drawn(const std::function<nanoseconds(std::mt19937&)>& draw) {
  std::mt19937 random{5};
  std::vector<nanoseconds> delays(400);
  for (auto& delay : delays) delay = draw(random);
  return [=](int s) { return struck(s) ? delays[static_cast<std::size_t>(s)] : 0ns; };
}

std::string number(double value) {
  auto text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::vector<Fault> missing() {
  std::vector<Fault> faults;
  for (const int gap : {1, 2, 3})
    faults.push_back(
        {std::to_string(gap) + " pulses in a row missing",
         [=](World& w) { w.pulse = [=](int s) { return s < strikes || s >= strikes + gap; }; },
         harmless(gap < 3 ? gap : 10)});
  for (const int gap : {4, 10, 40})
    faults.push_back(
        {std::to_string(gap) + " pulses in a row missing",
         [=](World& w) { w.pulse = [=](int s) { return s < strikes || s >= strikes + gap; }; },
         wary()});
  faults.push_back({"the pulse device is gone for forty seconds",
                    [](World& w) {
                      w.pulse = meanwhile(false, true);
                      w.extras[100.01] = pps_lost;
                    },
                    silent()});
  faults.push_back({"the pulse device is lost and back within the second",
                    [](World& w) { w.extras[100.4] = pps_lost; }, wary()});
  faults.push_back({"a pulse each other second",
                    [](World& w) { w.pulse = [](int s) { return !struck(s) || s % 2 == 0; }; },
                    wary(15)});
  faults.push_back({"a pulse each other second from the start",
                    [](World& w) { w.pulse = [](int s) { return s % 2 == 0; }; },
                    never(Reason::pulse_rate)});
  faults.push_back({"one pulse in ten missing",
                    [](World& w) { w.pulse = [](int s) { return !struck(s) || s % 10 != 0; }; },
                    harmless(4)});
  return faults;
}

std::vector<Fault> too_many() {
  std::vector<Fault> faults;
  for (const int rate : {2, 5, 10, 50, 60, 100}) {
    faults.push_back({std::to_string(rate) + " Hz, the pulse among them",
                      [=](World& w) { w.extra_edges = edges(train(rate)); },
                      silent(Reason::pulse_rate, 15)});
    faults.push_back({std::to_string(rate) + " Hz beside the pulse",
                      [=](World& w) { w.extra_edges = edges(train(rate, 0.003)); },
                      silent(Reason::pulse_rate, 15)});
    faults.push_back({std::to_string(rate) + " Hz from the start",
                      [=](World& w) { w.extra_edges = [=](int) { return train(rate); }; },
                      never(Reason::pulse_rate)});
    faults.push_back({std::to_string(rate) + " Hz in place of the pulse",
                      [=](World& w) {
                        w.pulse = meanwhile(false, true);
                        w.extra_edges = edges(train(rate, 0.003));
                      },
                      silent(Reason::pulse_rate, 15)});
  }
  for (const double phase : {.0003, .001, .002, .01, .02, .05, .1, .187, .2, .3, .5, .7, .8, .9,
                             .95, .98, .99, .998, .9997}) {
    faults.push_back({"an edge more each second, " + number(phase) + " s after the pulse",
                      [=](World& w) { w.extra_edges = edges({phase}); },
                      silent(Reason::pulse_rate, 15)});
    faults.push_back({"a glitch each seventh second, " + number(phase) + " s after the pulse",
                      [=](World& w) {
                        w.extra_edges = [=](int s) {
                          return struck(s) && s % 7 == 0 ? std::vector{phase}
                                                         : std::vector<double>{};
                        };
                      },
                      // The pulse after one that is this early is refused in its place.
                      harmless(phase > .999 ? 12 : 0, Reason::off_beat)});
  }
  for (const double rate : {0.1, 0.3, 1.0, 3.0, 10.0})
    faults.push_back(
        {"glitches at random, " + number(rate) + " a second",
         [=](World& w) {
           std::mt19937 random{3};
           std::vector<std::vector<double>> glitches(400);
           for (auto& g : glitches) {
             g.resize(static_cast<std::size_t>(std::poisson_distribution<>{rate}(random)));
             for (auto& phase : g) phase = std::uniform_real_distribution<>{1e-6, 1 - 1e-6}(random);
           }
           w.extra_edges = [=](int s) {
             return struck(s) ? glitches[static_cast<std::size_t>(s)] : std::vector<double>{};
           };
         },
         wary(15)});
  return faults;
}

std::vector<Fault> moved() {
  std::vector<Fault> faults;
  // Without raw time 2 ms in three seconds may be a slew.
  faults.push_back({"the pulse moves by 2 ms and back",
                    [](World& w) {
                      w.pulse = meanwhile(false, true);
                      w.extra_edges = edges({0.002});
                    },
                    only_with_raw(silent(Reason::pulse_drift, 18))});
  for (const int ms : {20, 100, 200, 500, 800, 900, 980})
    faults.push_back({"the pulse moves by " + std::to_string(ms) + " ms and back",
                      [=](World& w) {
                        w.pulse = meanwhile(false, true);
                        w.extra_edges = edges({ms / 1e3});
                      },
                      silent(Reason::fault, 18)});
  for (const int ms : {20, 100, 900})
    faults.push_back({"the pulse moves by " + std::to_string(ms) + " ms behind a gap, and back",
                      [=](World& w) {
                        w.pulse = meanwhile(false, true);
                        w.extra_edges = [=](int s) {
                          return s >= 120 && s < heals ? std::vector{ms / 1e3}
                                                       : std::vector<double>{};
                        };
                      },
                      silent(Reason::fault, 18)});
  for (const int us : {100, 300, 450})
    faults.push_back({"the pulse moves by " + std::to_string(us) + " us and back",
                      [=](World& w) { w.pulse_delay = meanwhile<nanoseconds>(us * 1us, 0ns); },
                      harmless()});
  for (const int ppm : {20, 60})
    faults.push_back({"the pulse runs off by " + std::to_string(ppm) + " ppm",
                      [=](World& w) {
                        w.pulse_delay = [=](int s) -> nanoseconds {
                          return struck(s) && s < 115 ? (s - strikes) * ppm * 1us : 0us;
                        };
                      },
                      wary()});
  for (const int ppm : {400, 700, 1000, 5000, 20'000})
    faults.push_back({"the pulse runs off by " + std::to_string(ppm) + " ppm",
                      [=](World& w) {
                        w.pulse_delay = [=](int s) -> nanoseconds {
                          return struck(s) ? (s - strikes) * ppm * 1us : 0us;
                        };
                        w.handover = meanwhile(0.9, 0.0001);
                      },
                      only_with_raw(wary(20))});
  faults.push_back(
      {"interrupts late by up to half a millisecond",
       [](World& w) { w.pulse_delay = drawn([](auto& r) { return nanoseconds{r() % 450'000}; }); },
       harmless()});
  faults.push_back({"interrupts late by up to five milliseconds",
                    [](World& w) {
                      w.pulse_delay = drawn([](auto& r) { return nanoseconds{r() % 5'000'000}; });
                      w.handover = meanwhile(0.01, 0.0001);
                    },
                    only_with_raw(wary(20))});
  faults.push_back({"each tenth interrupt twenty milliseconds late",
                    [](World& w) {
                      w.pulse_delay = [](int s) {
                        return struck(s) && s % 10 == 0 ? nanoseconds{20ms} : 0ns;
                      };
                      w.handover = meanwhile(0.021, 0.0001);
                    },
                    harmless(4, Reason::off_beat)});
  return faults;
}

std::vector<Fault> handed_over() {
  std::vector<Fault> faults;
  for (const int ms : {1, 100, 500, 950})
    faults.push_back({"pulses handed over " + std::to_string(ms) + " ms late",
                      [=](World& w) { w.handover = meanwhile(ms / 1e3, 0.0001); }, harmless()});
  for (const int ms : {1100, 2000, 5000})
    faults.push_back({"pulses handed over " + std::to_string(ms) + " ms late",
                      [=](World& w) { w.handover = meanwhile(ms / 1e3, 0.0001); },
                      silent(Reason::late, 18)});
  faults.push_back({"a loop that stands still for five seconds",
                    [](World& w) {
                      w.handover = [](int s) { return s >= 100 && s < 105 ? 105.01 - s : 0.0001; };
                      w.toff_delay = [](int s) {
                        return s >= 100 && s < 105 ? 105.02 - s - 0.15 : 0.002;
                      };
                    },
                    wary()});
  faults.push_back(
      {"a counter that starts again",
       [](World& w) { w.sequence = [](std::uint64_t n) { return n < 220 ? n : n - 219; }; },
       harmless()});
  faults.push_back({"a counter that wraps",
                    [](World& w) {
                      w.sequence = [](std::uint64_t n) {
                        return (n + 0xffffffffU - 220) % 0x100000000;
                      };
                    },
                    harmless()});
  faults.push_back({"a counter that leaps",
                    [](World& w) { w.sequence = [](auto n) { return n * 1000; }; }, harmless()});
  faults.push_back({"a counter that stands still",
                    [](World& w) {
                      w.sequence = [](auto n) { return n < 200 ? n : n < 240 ? 200 : n; };
                    },
                    silent(Reason::duplicate, 15)});
  faults.push_back({"a counter that never moved",
                    [](World& w) { w.sequence = [](auto) { return 7; }; },
                    never(Reason::duplicate)});
  return faults;
}

}  // namespace

TEST_CASE("faults of pulses that are missing", "[driver][fault]") {
  check(missing());
}

TEST_CASE("faults of edges that are too many", "[driver][fault]") {
  check(too_many());
}

TEST_CASE("faults of pulses that move", "[driver][fault]") {
  check(moved());
}

TEST_CASE("faults of a pulse's way to the loop", "[driver][fault]") {
  check(handed_over());
}
