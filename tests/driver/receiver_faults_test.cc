// Named faults of gpsd and of the receiver (docs/integrity.md has the table).

#include <random>

#include "tests/scenarios/fault_table.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::scenarios;

namespace {

std::function<Event(Reading)> report(GpsdReport said) {
  return [said](Reading at) { return Event{at, said}; };
}

Event lost(Reading at) {
  return {at, GpsdLost{}};
}

std::function<std::int64_t(int)> label(std::int64_t wrong) {
  return meanwhile<std::int64_t>(wrong, 0);
}

/// Wrong labels that make the date at second 100 this one.
std::function<std::int64_t(int)> date(std::string_view iso) {
  return label(parse_iso_utc(iso)->second.time_since_epoch().count() - (a_morning + strikes));
}

/// A latency for each second, drawn once.
std::function<double(int)> drawn(const std::function<double(std::mt19937&)>& draw,
                                 bool from_the_start = false) {
  std::mt19937 random{5};
  std::vector<double> latencies(400);
  for (auto& latency : latencies) latency = draw(random);
  return [=](int s) {
    return struck(s) || from_the_start ? latencies[static_cast<std::size_t>(s)] : 0.15;
  };
}

const std::vector<Fault> connection{
    {"gpsd is gone for forty seconds",
     [](World& w) {
       w.speaks = meanwhile(false, true);
       w.extras[100.01] = lost;
     },
     silent(Reason::no_gpsd)},
    {"gpsd is lost and back within the second", [](World& w) { w.extras[100.4] = lost; }, wary()},
    {"gpsd is lost once a second",
     [](World& w) {
       for (int s = strikes; s < heals; ++s) w.extras[s + 0.4] = lost;
     },
     silent(Reason::no_gpsd)},
    {"gpsd is lost every five seconds",
     [](World& w) {
       for (int s = strikes; s < heals; s += 5) w.extras[s + 0.4] = lost;
     },
     wary()},
    {"gpsd hangs, its connection open", [](World& w) { w.speaks = meanwhile(false, true); },
     silent(Reason::no_receiver)},
    {"gpsd hangs for two seconds", [](World& w) { w.speaks = [](int s) { return s / 2 != 50; }; },
     harmless(2)},
    {"gpsd hangs for five seconds", [](World& w) { w.speaks = [](int s) { return s / 5 != 20; }; },
     harmless(10)},
    {"gpsd closes the receiver",
     [](World& w) {
       w.speaks = meanwhile(false, true);
       w.extras[100.01] = report(DeviceReport{false, 0, "/dev/ttyAMA0", false});
     },
     silent(Reason::no_receiver)},
    {"gpsd lists no receiver",
     [](World& w) {
       w.speaks = meanwhile(false, true);
       w.extras[100.01] = report(DeviceReport{true, 0, "", false});
     },
     silent(Reason::no_receiver)},
    {"gpsd opens another device that says nothing",
     [](World& w) {
       w.extras[100.01] = report(DeviceReport{false, 1, "/dev/ttyUSB0", true});
     },
     harmless()},
    {"a second receiver speaks",
     [](World& w) {
       for (int s = strikes; s < heals; ++s)
         w.extras[s + 0.4] = report(FixReport{"/dev/ttyUSB0", 3, 0, std::nullopt, std::nullopt});
     },
     silent(Reason::several_receivers, 15)},
    {"the receiver changes its name",
     [](World& w) {
       w.device = [](int s) { return s < strikes ? "/dev/ttyAMA0" : "/dev/ttyUSB0"; };
     },
     wary(5)},
    {"junk by the hundred",
     [](World& w) {
       for (int i = 0; i < 4000; ++i) w.extras[strikes + i * 0.01 + 0.003] = report(JunkReport{});
     },
     harmless()},
    {"gpsd's own label of the pulse, eleven seconds wrong",
     [](World& w) {
       for (int s = strikes; s < heals; ++s)
         w.extras[s + 0.001] = report(QuantizationReport{
             "/dev/ttyAMA0", UtcSecond{seconds{a_morning + s - 11}}, std::chrono::nanoseconds{5}});
     },
     harmless()},
};

std::vector<Fault> fixes() {
  std::vector<Fault> faults{
      {"no fix, mode 1", [](World& w) { w.mode = meanwhile(1, 3); }, silent(Reason::no_fix)},
      {"no fix, mode 0", [](World& w) { w.mode = meanwhile(0, 3); }, silent(Reason::no_fix)},
      {"a fix in two dimensions", [](World& w) { w.mode = meanwhile(2, 3); }, harmless()},
      {"a simulated fix", [](World& w) { w.fix_status = meanwhile(8, 0); },
       silent(Reason::simulated_fix)},
      {"a dead-reckoned fix", [](World& w) { w.fix_status = meanwhile(5, 0); },
       silent(Reason::simulated_fix)},
      {"a surveyed-in timing fix", [](World& w) { w.fix_status = meanwhile(7, 0); }, harmless()},
      {"no TPV", [](World& w) { w.sends_tpv = meanwhile(false, true); },
       silent(Reason::no_fix_report)},
      {"no TOFF", [](World& w) { w.sends_toff = meanwhile(false, true); }, silent(Reason::no_toff)},
      {"pulses from the start, and no fix ever", [](World& w) { w.mode = [](int) { return 1; }; },
       never(Reason::no_fix)},
      {"no TOFF ever", [](World& w) { w.sends_toff = [](int) { return false; }; },
       never(Reason::no_toff)},
  };
  for (const int period : {1, 2, 3, 4})
    faults.push_back({"a fix that flaps every " + std::to_string(period) + " s",
                      [=](World& w) {
                        w.mode = [=](int s) { return struck(s) && s / period % 2 == 0 ? 1 : 3; };
                      },
                      only_with_raw(wary())});
  for (const int period : {1, 2, 4})
    faults.push_back(
        {"a fix that has flapped every " + std::to_string(period) + " s from the start",
         [=](World& w) { w.mode = [=](int s) { return s / period % 2 == 0 ? 1 : 3; }; },
         never(Reason::no_fix)});
  for (const int told : {0, 13, 14, 15, 16, 17, 19, 37})
    faults.push_back({"a receiver that counts " + std::to_string(told) + " leap seconds",
                      [=](World& w) { w.leap_seconds = meanwhile<std::optional<int>>(told, 18); },
                      silent(Reason::leap_seconds)});
  faults.push_back({"a receiver that counts 18 leap seconds",
                    [](World& w) { w.leap_seconds = [](int) { return 18; }; }, harmless()});
  return faults;
}

std::vector<Fault> labels() {
  std::vector<Fault> faults;
  for (const std::int64_t by :
       {1,  2,  3,  4,    5,    7,    10,     14,     15,      16,         18,
        37, 59, 60, 3599, 3600, 7200, 43'200, 86'400, 604'800, 22'118'400, 31'536'000})
    for (const auto wrong : {by, -by})
      faults.push_back({"labels off by " + std::to_string(wrong) + " s",
                        [=](World& w) { w.label = label(wrong); },
                        // A label that far back lies before the earliest date.
                        silent(wrong < -28'000'000 ? Reason::before_floor : Reason::fault)});
  for (const char* iso : {"1970-01-01T00:00:00Z", "1980-01-06T00:00:00Z", "1999-08-22T10:00:00Z",
                          "2002-03-10T11:00:00Z", "2007-04-08T10:00:00Z", "2018-11-22T10:00:00Z",
                          "2019-04-07T00:00:00Z", "2025-12-31T23:59:00Z", "2000-11-22T10:00:00Z"})
    faults.push_back({std::string{"a date before the floor, "} + iso,
                      [=](World& w) { w.label = date(iso); }, silent(Reason::before_floor)});
  for (const char* iso : {"2041-01-01T06:00:00Z", "2046-07-08T10:00:00Z", "2066-02-21T10:00:00Z",
                          "2106-02-07T06:28:00Z", "9999-12-31T23:59:00Z"})
    faults.push_back({std::string{"a date after the ceiling, "} + iso,
                      [=](World& w) { w.label = date(iso); }, silent(Reason::after_ceiling)});
  for (const char* iso : {"2036-02-07T06:28:00Z", "2038-01-19T03:14:00Z"})
    faults.push_back({std::string{"a date to come, "} + iso, [=](World& w) { w.label = date(iso); },
                      silent(Reason::fault)});
  for (const std::int64_t by : {1, -1, 2, 3600, 86'400, 619'315'200})
    faults.push_back({"TPV and TOFF " + std::to_string(by) + " s apart",
                      [=](World& w) { w.toff_label = label(by); }, silent(Reason::time_mismatch)});
  for (const std::int64_t by : {1, -1, 60, -86'400})
    faults.push_back(
        {"one label in ten off by " + std::to_string(by) + " s",
         [=](World& w) { w.label = [=](int s) { return struck(s) && s % 10 == 0 ? by : 0; }; },
         wary()});
  for (const std::int64_t by : {1, -1, 3, -3600})
    faults.push_back(
        {"every other label off by " + std::to_string(by) + " s",
         [=](World& w) { w.label = [=](int s) { return struck(s) && s % 2 == 0 ? by : 0; }; },
         silent(Reason::fault, 60)});
  for (const std::int64_t by : {1, -1})
    faults.push_back(
        {"two labels of three off by " + std::to_string(by) + " s",
         [=](World& w) { w.label = [=](int s) { return struck(s) && s % 3 != 0 ? by : 0; }; },
         silent(Reason::fault, 60)});
  faults.push_back(
      {"labels that stand still",
       [](World& w) { w.label = [](int s) { return struck(s) ? strikes - s - 1 : 0; }; },
       silent()});
  faults.push_back(
      {"labels that run at twice the speed",
       [](World& w) { w.label = [](int s) { return struck(s) ? s - strikes + 1 : 0; }; },
       silent(Reason::hold)});
  faults.push_back(
      {"labels that run backwards",
       [](World& w) { w.label = [](int s) { return struck(s) ? 2 * (strikes - s) - 1 : 0; }; },
       silent()});
  return faults;
}

std::vector<Fault> latencies() {
  std::vector<Fault> faults;
  for (const int ms : {25, 50, 100, 300, 500, 700, 900, 945})
    faults.push_back({"a constant latency of " + std::to_string(ms) + " ms",
                      [=](World& w) { w.latency = [=](int) { return ms / 1e3; }; }, harmless()});
  for (const int ms : {0, 5, 15, 951, 970, 999, 1000, 1015})
    faults.push_back({"a constant latency of " + std::to_string(ms) + " ms, near an edge",
                      [=](World& w) { w.latency = [=](int) { return ms / 1e3; }; },
                      never(ms < 20 || ms >= 1000 ? Reason::early_messages : Reason::ambiguous)});
  for (const int ms : {5, 970, 1000, 1100, 1300, 1500, 1900, 2500, 5300, 14'000})
    faults.push_back({"sentences that become " + std::to_string(ms) + " ms late",
                      [=](World& w) { w.latency = meanwhile(ms / 1e3, 0.15); },
                      silent(std::nullopt, ms > 2000 ? 25 : 10)});
  for (const int stall : {2, 3, 5, 11, 14, 20, 30})
    faults.push_back({"a stall of " + std::to_string(stall) + " s and its stale sentences",
                      [=](World& w) {
                        w.latency = [=](int s) {
                          return s >= strikes && s < strikes + stall ? strikes + stall - s + 0.05
                                                                     : 0.15;
                        };
                      },
                      wary()});
  faults.push_back({"sentences that wander to 1.4 s and back",
                    [](World& w) {
                      w.latency = [](int s) {
                        return struck(s) ? 1.4 - 0.065 * std::abs(s - 120) : 0.15;
                      };
                    },
                    wary(12)});
  faults.push_back({"latencies all over the second, N(0.5, 0.15)",
                    [](World& w) {
                      w.latency = drawn(
                          [](auto& r) {
                            return std::max(0.0, std::normal_distribution<>{0.5, 0.15}(r));
                          },
                          true);
                    },
                    harmless(4)});
  faults.push_back({"latencies all over the second, U(0.05, 0.95)",
                    [](World& w) {
                      w.latency = drawn(
                          [](auto& r) {
                            return std::uniform_real_distribution<>{.05, .95}(r);
                          },
                          true);
                    },
                    harmless(2)});
  faults.push_back(
      {"latencies of more than a second, U(0, 1.5)",
       [](World& w) {
         w.latency = drawn([](auto& r) { return std::uniform_real_distribution<>{0, 1.5}(r); });
       },
       wary()});
  faults.push_back(
      {"one sentence in five two seconds late",
       [](World& w) { w.latency = [](int s) { return struck(s) && s % 5 == 0 ? 2.15 : 0.15; }; },
       wary()});
  faults.push_back({"each sentence a minute's last 1.15 s late",
                    [](World& w) { w.latency = [](int s) { return s % 60 == 59 ? 1.15 : 0.15; }; },
                    harmless()});
  for (const int ms : {100, 300, 500, 800})
    faults.push_back({"TOFF handed over " + std::to_string(ms) + " ms late",
                      [=](World& w) {
                        w.toff_delay = meanwhile(ms / 1e3, 0.002);
                        w.cycle = 0.8;
                      },
                      harmless()});
  for (const int ms : {2500, 10'000})
    faults.push_back({"TOFF handed over " + std::to_string(ms) + " ms late",
                      [=](World& w) { w.toff_delay = meanwhile(ms / 1e3, 0.002); },
                      silent(std::nullopt, 20)});
  for (const auto error : {-5s, -1s, 1s, 5s})
    faults.push_back(
        {"TOFF stamped by a clock that is off by " + std::to_string(error.count()) + " s",
         [=](World& w) { w.toff_clock = meanwhile<nanoseconds>(error, 0ns); }, silent()});
  const auto skewed = [](std::chrono::milliseconds error) {
    return [=](World& w) {
      w.latency = [](int) { return 0.1; };
      w.toff_clock = [=](int) -> nanoseconds { return error; };
    };
  };
  for (const auto error : {-400ms, -200ms, -100ms})
    faults.push_back(
        {"TOFF stamped by another machine's clock, " + std::to_string(error.count()) + " ms off",
         skewed(error), never(Reason::ambiguous)});
  for (const auto error : {5ms, 300ms})
    faults.push_back(
        {"TOFF stamped by another machine's clock, " + std::to_string(error.count()) + " ms ahead",
         skewed(error), never(Reason::no_second)});
  for (const int ms : {100, 200, 500, 949, 990})
    faults.push_back({"epochs that lie " + std::to_string(ms) + " ms after the second",
                      [=](World& w) {
                        w.fix_fraction = ms / 1e3;
                        w.latency = [](int) { return 0.3; };
                      },
                      harmless(1)});
  for (const int percent : {55, 70, 85})
    faults.push_back(
        {"a line so slow that TPV comes " + std::to_string(percent) + " % of a second later",
         [=](World& w) { w.cycle = percent / 1e2; }, harmless()});
  return faults;
}

}  // namespace

TEST_CASE("faults of the connection to gpsd", "[driver][fault]") {
  check(connection);
}

TEST_CASE("faults of the fix", "[driver][fault]") {
  check(fixes());
}

TEST_CASE("faults of the receiver's labels and dates", "[driver][fault]") {
  check(labels());
}

TEST_CASE("faults of the messages' delay", "[driver][fault]") {
  check(latencies());
}
