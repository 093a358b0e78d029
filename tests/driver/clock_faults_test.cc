// Named faults of the machine's clocks, of the calendar, and of the kernel's clock status
// (docs/integrity.md has the table).

#include <random>

#include "tests/scenarios/fault_table.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

std::string milliseconds_of(nanoseconds value) {
  return std::to_string(value / 1ms) + " ms";
}

std::vector<Fault> steps() {
  std::vector<Fault> faults;
  for (const auto size :
       {nanoseconds{2ms}, nanoseconds{20ms}, nanoseconds{100ms}, nanoseconds{200ms},
        nanoseconds{300ms}, nanoseconds{500ms}, nanoseconds{999ms}, nanoseconds{1s},
        nanoseconds{1001ms}, nanoseconds{2s}, nanoseconds{11s}, nanoseconds{3600s},
        nanoseconds{86'400s * 365}, nanoseconds{1'000'000'000s}})
    for (const auto step : {size, -size})
      for (const double after : {0.00005, 0.0002, 0.151, 0.3, 0.55005, 0.9999})
        faults.push_back({"the clock is stepped by " + milliseconds_of(step) + ", " +
                              std::to_string(after).substr(0, 7) + " s after a pulse",
                          [=](World& w) { w.steps[strikes + after] = step; }, harmless(2)});
  for (const auto size : {100us, 500us, 900us, 1100us})
    for (const auto step : {size, -size})
      faults.push_back(
          {"the clock is stepped by " + std::to_string(step / 1us) + " us under each pulse",
           [=](World& w) {
             for (int s = strikes; s < heals; ++s) w.steps[s + 0.00005] = step;
           },
           wary(15)});
  for (const auto step : {-7ms, 130ms, -1000ms, 1000ms})
    faults.push_back({"the clock is stepped by " + milliseconds_of(step) + " each second",
                      [=](World& w) {
                        for (int s = strikes; s < heals; ++s)
                          w.steps[s + 0.02 * (s - strikes) + 0.01] = step;
                      },
                      wary()});
  faults.push_back({"the clock is stepped away and back within a second",
                    [](World& w) {
                      w.steps[100.3] = 5s;
                      w.steps[100.9] = -5s;
                    },
                    harmless(2)});
  // The stamp is of the clock before the step, and all but as old as the step is large.
  for (const auto back : {10ms, 60ms, 90ms, 200ms})
    faults.push_back({"a step back by " + milliseconds_of(back) + " under a pulse that is late",
                      [=](World& w) {
                        const auto late = std::chrono::duration<double>{back}.count() + 0.01;
                        w.handover = meanwhile(late, 0.0001);
                        w.steps[100.001] = -back;
                      },
                      harmless(2)});
  return faults;
}

std::vector<Fault> sleeps() {
  std::vector<Fault> faults;
  // Whole seconds: on the clocks that stand still meanwhile the edges continue without a gap.
  for (const double length : {0.3, 1.0, 1.0003, 1.7, 2.0, 10.0, 13.37, 30.0})
    for (const double when : {100.00005, 100.3, 100.7})
      faults.push_back({"the machine sleeps for " + std::to_string(length) + " s from " +
                            std::to_string(when).substr(0, 9),
                        [=](World& w) { w.sleeps[when] = length; }, wary(70)});
  faults.push_back({"the machine sleeps for 10 s, and is stepped when it wakes",
                    [](World& w) {
                      w.sleeps[100.3] = 10;
                      w.steps[110.3] = 250ms;
                    },
                    wary(70)});
  return faults;
}

std::vector<Fault> slews() {
  std::vector<Fault> faults;
  for (const double ppm :
       {500.0, -500.0, 1000.0, -1000.0, 20'000.0, -20'000.0, 83'333.0, -83'333.0}) {
    const auto slew = [=](World& w) { w.slews.push_back({100.3, 139.7, ppm}); };
    const auto name = "a slew of " + std::to_string(static_cast<int>(ppm)) + " ppm";
    faults.push_back({name + ", on raw time", slew, only_with_raw(harmless())});
    auto without = harmless(4);
    without.raw = false;
    faults.push_back({name + ", without raw time", slew, without});
  }
  for (const double length : {0.1, 0.5, 3.0})
    faults.push_back({"short slews at chronyd's fastest, of " + std::to_string(length) + " s",
                      [=](World& w) {
                        for (int s = strikes; s + length < heals; s += 8)
                          w.slews.push_back({s + 0.3, s + 0.3 + length, 83'333});
                      },
                      only_with_raw(harmless())});
  faults.push_back({"a slew that begins under a pulse that is half a second late",
                    [](World& w) {
                      w.handover = [](int s) { return s == strikes ? 0.5 : 0.0001; };
                      w.slews.push_back({100.01, 139.7, 83'333});
                    },
                    only_with_raw(harmless(2))});
  return faults;
}

std::vector<Fault> readings() {
  std::vector<Fault> faults;
  for (const int one_in : {50, 10})
    faults.push_back(
        {"one reading of the clocks in " + std::to_string(one_in) + " disturbed by up to 20 ms",
         [=](World& w) {
           w.reading_noise = [=](std::mt19937& r) -> nanoseconds {
             return r() % static_cast<unsigned>(one_in) == 0
                        ? nanoseconds{2'000'000 + r() % 18'000'000}
                        : nanoseconds{r() % 3000};
           };
         },
         harmless(one_in == 50 ? 2 : 35)});  // each costs its own pulse, or its sentence
  for (const double ppm : {-300.0, -80.0, 80.0, 300.0})
    faults.push_back({"a clock that runs " + std::to_string(static_cast<int>(ppm)) + " ppm off",
                      [=](World& w) { w.clock_ppm = ppm; }, harmless()});
  for (const double ppm : {-400.0, -100.0, 100.0, 400.0})
    faults.push_back({"a crystal " + std::to_string(static_cast<int>(ppm)) + " ppm off",
                      [=](World& w) { w.raw_ppm = ppm; }, harmless()});
  for (const std::int64_t error :
       {-a_morning, std::int64_t{-86'400}, std::int64_t{86'400}, std::int64_t{2'500'000'000}})
    faults.push_back({"a clock that is off by " + std::to_string(error) + " s",
                      [=](World& w) { w.clock_error = seconds{error} + 12'345us; }, harmless()});
  faults.push_back({"a clock beyond what chronyd can correct",
                    [](World& w) { w.clock_error = seconds{2'900'000'000}; },
                    never(Reason::clock_range)});
  return faults;
}

std::vector<Fault> witnesses() {
  const auto synchronised = [](nanoseconds maxerror) {
    return [=](World& w) { w.status = {true, maxerror}; };
  };
  std::vector<Fault> faults{
      {"a synchronised clock that agrees", synchronised(2ms), harmless()},
      {"a clock that calls itself synchronised, within 10 s", synchronised(10s), harmless()},
  };
  for (const auto error : {nanoseconds{60ms}, nanoseconds{100ms}, nanoseconds{1s}, nanoseconds{-1s},
                           nanoseconds{86'400s}})
    faults.push_back({"a synchronised clock that disagrees by " + milliseconds_of(error),
                      [=](World& w) {
                        w.status = {true, 2ms};
                        w.clock_error = error;
                      },
                      never(Reason::witness)});
  for (const int late : {1100, 1500, 1900, 3300})
    faults.push_back(
        {"sentences always " + std::to_string(late) + " ms late, and a clock that knows",
         [=](World& w) {
           w.status = {true, 2ms};
           w.latency = [=](int) { return late / 1e3; };
         },
         never(Reason::witness)});
  for (const std::int64_t by : {1, -1, 2, -3, 619'315})
    faults.push_back({"labels always off by " + std::to_string(by) + " s, and a clock that knows",
                      [=](World& w) {
                        w.status = {true, 2ms};
                        w.label = [=](int) { return by; };
                      },
                      never(Reason::witness)});
  for (const int ms : {100, 200, 900})
    faults.push_back(
        {"the wrong edge from the start, " + std::to_string(ms) + " ms off, and a clock that knows",
         [=](World& w) {
           w.status = {true, 2ms};
           w.pulse = [](int) { return false; };
           w.extra_edges = [=](int) { return std::vector{ms / 1e3}; };
           w.latency = [](int) { return 0.94; };
         },
         never(Reason::witness)});
  return faults;
}

/// Midnight of a month's beginning comes at second 120.
World at_month_end(std::string_view midnight, World world) {
  world.start = parse_iso_utc(midnight)->second.time_since_epoch().count() - 120;
  return world;
}

std::vector<Fault> months() {
  std::vector<Fault> faults;
  for (const char* midnight :
       {"2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z",
        "2028-03-01T00:00:00Z", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z",
        "2027-06-01T00:00:00Z", "2027-07-01T00:00:00Z", "2027-08-01T00:00:00Z",
        "2027-09-01T00:00:00Z", "2027-10-01T00:00:00Z", "2027-11-01T00:00:00Z",
        "2027-12-01T00:00:00Z"}) {
    const auto name = [=](const char* what) { return std::string{midnight} + ", " + what; };
    faults.push_back({name("no leap second"), [=](World& w) { w = at_month_end(midnight, w); },
                      harmless(12, Reason::month_end)});
    faults.push_back({name("a leap second"),
                      [=](World& w) {
                        w = at_month_end(midnight, w);
                        w.leap_at = 120;
                      },
                      wary()});
    faults.push_back({name("a leap second while the receiver is silent"),
                      [=](World& w) {
                        w = at_month_end(midnight, w);
                        w.leap_at = 120;
                        w.speaks = [](int s) { return s < 110 || s > 130; };
                      },
                      wary()});
    faults.push_back({name("a leap second while the pulses are gone"),
                      [=](World& w) {
                        w = at_month_end(midnight, w);
                        w.leap_at = 120;
                        w.pulse = [](int s) { return s < 110 || s > 130; };
                      },
                      wary()});
  }
  const auto new_year = [](const std::function<void(World&)>& change) {
    return [=](World& w) {
      w = at_month_end("2027-01-01T00:00:00Z", w);
      w.leap_at = 120;
      change(w);
    };
  };
  faults.push_back({"a leap second that the receiver tells as 23:59:59 twice",
                    new_year([](World& w) { w.label = [](int s) { return s == 120 ? -1 : 0; }; }),
                    wary()});
  faults.push_back(
      {"a leap second that the receiver misses for eight seconds",
       new_year([](World& w) { w.label = [](int s) { return s > 120 && s <= 128 ? 1 : 0; }; }),
       wary()});
  faults.push_back({"a leap second in sentences that the loop takes two seconds late",
                    new_year([](World& w) { w.toff_delay = meanwhile(1.8, 0.002); }), wary(15)});
  faults.push_back({"a leap second in sentences that come late in the second",
                    new_year([](World& w) { w.latency = [](int) { return 0.93; }; }), wary()});
  faults.push_back({"a leap second that the system clock repeats, as the kernel does it",
                    new_year([](World& w) { w.steps[121.00001] = -1s; }), wary()});
  faults.push_back({"a second that is left out at the end of a year",
                    [](World& w) {
                      w = at_month_end("2027-01-01T00:00:00Z", w);
                      w.start += 1;
                      w.label = [](int s) { return s < 119 ? -1 : 0; };
                      w.truth_label = w.label;
                    },
                    wary()});
  return faults;
}

}  // namespace

TEST_CASE("faults of a clock that is stepped", "[driver][fault]") {
  check(steps());
}

TEST_CASE("faults of a machine that sleeps", "[driver][fault]") {
  check(sleeps());
}

TEST_CASE("faults of a clock that is slewed", "[driver][fault]") {
  check(slews());
}

TEST_CASE("faults of clocks and of their readings", "[driver][fault]") {
  check(readings());
}

TEST_CASE("faults that only a synchronised clock can tell", "[driver][fault]") {
  check(witnesses());
}

TEST_CASE("faults at a month's end", "[driver][fault]") {
  check(months());
}
