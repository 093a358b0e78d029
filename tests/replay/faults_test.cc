// `ntsboxd --replay` in simulated worlds: faults are refused with their reason, and no second is
// wrong.

#include <algorithm>
#include <set>

#include "tests/replay/replayed.h"

using namespace ntsbox;
using namespace ntsbox::scenarios;

TEST_CASE("faults are refused with their reasons", "[replay]") {
  struct Case {
    const char* name;
    Change change;
    std::set<Reason> reasons;  // that must occur
    int most;                  // samples from second 150 on
  };
  using enum Reason;
  const std::vector<Case> cases{
      {"a label a second ahead", label(during<std::int64_t>(150, 200, 1, 0)), {hold, fault}, 96},
      {"a label a second behind", label(during<std::int64_t>(150, 200, -1, 0)), {hold, fault}, 97},
      {"a wrong label that lasts, and a synchronised clock",
       both(label(during<std::int64_t>(150, 999, 1, 0)), knows),
       {witness, fault},
       2},
      {"a rollover into the past",
       label(during<std::int64_t>(150, 999, -rollover, 0)),
       {before_floor},
       1},
      {"a rollover into the future",
       label(during<std::int64_t>(150, 999, rollover, 0)),
       {after_ceiling},
       1},
      {"a rollover from the start", label(always(-rollover)), {before_floor}, 0},
      {"fix and time that differ",
       [](World& w) { w.toff_label = during<std::int64_t>(150, 200, 1, 0); },
       {time_mismatch, hold},
       96},
      {"messages more than a second late, and a synchronised clock",
       both(latency(always(1.2)), knows),
       {witness},
       0},
      {"messages at the limit", latency(always(0.97)), {acquiring}, 0},
      {"a stall and its stale messages", latency(stalled), {no_receiver, hold}, 136},
      {"a receiver without messages",
       [](World& w) { w.speaks = during(150, 200, false, true); },
       {no_receiver, hold},
       97},
      {"no fix", [](World& w) { w.mode = during(150, 200, 1, 3); }, {no_fix, hold}, 96},
      {"a fix that flaps",
       [](World& w) { w.mode = [](int s) { return s / 4 % 2 != 0 ? 3 : 1; }; },
       {no_fix, acquiring},
       0},
      {"two pulses a second", edges(always(phases(1, 0.5))), {pulse_rate}, 0},
      {"five pulses a second", edges(always(phases(4, 0.2))), {pulse_rate}, 0},
      {"a pulse every other second",
       [](World& w) { w.pulse = [](int s) { return s % 2 == 0; }; },
       {pulse_rate},
       0},
      {"both edges", edges(always(phases(1, 0.1))), {pulse_rate}, 0},
      {"the hum of the mains", edges(always(phases(49, 0.02))), {pulse_rate}, 0},
      {"the wrong edge, and a synchronised clock",
       both(edges(always(phases(1, 0.1))),
            [](World& w) {
              w.pulse = always(false);
              w.status = synchronised;
            }),
       {witness},
       0},
      {"a glitch now and then",
       edges([](int s) {
         return s % 41 == 40 ? std::vector{s * 7919 % 1000 / 1e3} : std::vector<double>{};
       }),
       {off_beat},
       150},
      {"a gap of pulses", [](World& w) { w.pulse = during(150, 200, false, true); }, {hold}, 96},
      {"a step under a pulse", [](World& w) { w.steps[150.00005] = 300ms; }, {clock_step}, 149},
      {"gpsd lost", lost_at_150(event_at<driver::GpsdLost>), {no_gpsd, hold}, 145},
      {"the pulse device lost", lost_at_150(event_at<driver::PpsLost>), {hold}, 146},
      {"an edge reported twice",
       [](World& w) { w.sequence = [](auto n) { return n != 300 ? n : 299; }; },
       {duplicate},
       149},
      {"a leap second", leap, {month_end}, 145},
      {"a month's end without one", [](World& w) { w.start = new_year - 200; }, {month_end}, 147},
  };
  for (const auto& one : cases)
    for (const bool raw : {true, false}) {
      INFO(one.name << (raw ? ", raw" : ""));
      const auto outcome = checked(changed(one.change, raw)).outcome;
      for (const auto reason : one.reasons) {
        INFO(name_of(reason));
        CHECK(outcome.refused.count(reason) == 1);
      }
      CHECK(outcome.sent_between(150, length) <= one.most);
    }
}

TEST_CASE("known incidents of other systems give no wrong second", "[replay]") {
  struct Case {
    const char* name;
    Change change;
    std::set<Reason> reasons;  // that must occur
    int from, until;           // when nothing may be sent
  };
  using enum Reason;
  const auto repeated_label = label([](int s) -> std::int64_t { return s == 200 ? -1 : 0; });
  const auto stale_pps = [](World& w) {
    for (int s = 150; s < 200; ++s) w.extras[s + 0.003] = pps_report(a_morning + s - 11, 4000);
  };
  const std::vector<Case> cases{
      {"gpsd, 2021-10-24: 1024 weeks back, the fix and the pulse good",
       label(during<std::int64_t>(100, 999, -rollover, 0)),
       {before_floor},
       102,
       300},
      {"a firmware's pivot passes: 1024 weeks ahead",
       label(during<std::int64_t>(100, 999, rollover, 0)),
       {after_ceiling},
       102,
       300},
      {"USNO, 2012-11-19: the year 2000",
       label(during<std::int64_t>(100, 200, -819'244'800, 0)),
       {before_floor, hold},
       102,
       200},
      {"WWVB, 1986: a hot bit, 256 days",
       label([](int s) -> std::int64_t {
         return (s >= 100 && s <= 102) || s == 150 ? 256 * 86'400 : 0;
       }),
       {hold},
       101,
       103},
      {"stale leap seconds until the almanac came",
       both(label(during<std::int64_t>(0, 120, 2, 0)), knows),
       {witness},
       0,
       120},
      {"MTK3339: messages wander from half a second to beyond one",
       latency([](int s) { return 0.5 + 0.01 * std::clamp(s - 100, 0, 80); }),
       {late_messages},
       160,
       300},
      {"sx1302_hal: the message comes at the edge of the next second",
       latency(spread(0.985, 1.015)),
       {ambiguous},
       0,
       300},
      {"Linux, 2012-07-01: the system clock repeats a second", leap, {month_end}, 200, 204},
      {"a receiver that sends 23:59:59 twice at a leap second",
       both(leap, repeated_label),
       {month_end},
       200,
       204},
      {"rpi-cm4-ptp-guide: one more edge 187 ms after the pulse",
       edges([](int s) { return s >= 100 ? std::vector{0.187} : std::vector<double>{}; }),
       {pulse_rate},
       103,
       300},
      {"teensy-ntp: RMC last at 9600 baud crosses the second",
       both(latency(always(0.06)), [](World& w) { w.cycle = 0.95; }),
       {},
       0,
       9},
      {"gpsd after a stall labels pulses eleven seconds wrong",
       both(latency(stalled), stale_pps),
       {no_receiver},
       153,
       162},
  };
  for (const auto& one : cases)
    for (const bool raw : {true, false}) {
      INFO(one.name << (raw ? ", raw" : ""));
      const auto outcome = checked(changed(one.change, raw)).outcome;
      for (const auto reason : one.reasons) {
        INFO(name_of(reason));
        CHECK(outcome.refused.count(reason) == 1);
      }
      CHECK(outcome.sent_between(one.from, one.until) == 0);
    }
}

TEST_CASE("SVN 23, 2016: a pulse 13 microseconds early is sent, and cannot be detected",
          "[replay]") {
  const auto world =
      changed([](World& w) { w.pulse_delay = during<nanoseconds>(100, 200, -13'700ns, 0ns); });
  CHECK(replay(world).outcome.samples > 285);
}

TEST_CASE("the error of quantisation lowers the offset where it comes in time", "[replay]") {
  struct Case {
    double ahead;  // of the pulse, whose event comes 0.1 ms after its edge
    int picoseconds;
    std::int64_t lowered;  // ns
  };

  for (const auto& [ahead, picoseconds, lowered] :
       {Case{0.02, 8000, 8}, Case{0.02, -8499, -8}, Case{0.02, 60'000, 0}, Case{-0.001, 8000, 0}}) {
    const auto world = changed([&, a = ahead, p = picoseconds](World& w) {
      for (int s = 1; s < 60; ++s) w.extras[s - a] = pps_report(a_morning + s, p);
    });
    int samples = 0;
    for (const auto& line : replay(world, 60).lines) {
      if (member(line, "decision") != "sample") continue;
      ++samples;
      const auto stamp = *parse_decimal_seconds(member(line, "stamp"));
      const auto whole = seconds{std::stoll(member(line, "second"))} - stamp;
      CHECK(std::stoll(member(line, "offset_ns")) == whole.count() - lowered);
    }
    CHECK(samples > 40);
  }
}
