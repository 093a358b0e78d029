// The begin of a receiver's burst: by its sentences, and without them by gpsd's reports.

#include "driver/core/bridge.h"
#include "tests/scenarios/world.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using scenarios::a_morning;

namespace {

constexpr UtcSecond start{seconds{a_morning}};

/// What gpsd sends of a receiver in each second, `after` its pulse, and the pulses of an exact
/// clock.
struct Receiver {
  struct Line {
    nanoseconds after;
    std::function<GpsdReport(UtcSecond)> report;
  };

  std::vector<Line> lines;

  struct Served {
    int right = 0;
    int wrong = 0;
    std::map<Reason, int> refused;
  };

  [[nodiscard]] static Reading at(nanoseconds when) {
    return {SystemTime{seconds{a_morning} + when}, MonotonicTime{1000s + when},
            RawTime{2000s + when}};
  }

  [[nodiscard]] Served run(int length) const {
    std::multimap<nanoseconds, Event> events;
    for (int s = 0; s < length; ++s) {
      const Pulse pulse{at(seconds{s}).system, 100 + static_cast<std::uint64_t>(s)};
      events.emplace(s * 1s, Event{at(s * 1s + 50us), pulse});
      for (const auto& line : lines)
        events.emplace(s * 1s + line.after,
                       Event{at(s * 1s + line.after), line.report(start + seconds{s})});
    }
    Bridge bridge{scenarios::options()};
    Served served;
    for (const auto& [when, event] : events) {
      const auto step = bridge.step(event);
      if (!step.decision) continue;
      if (const auto* sample = std::get_if<Sample>(&*step.decision))
        ++(sample->offset == 0ns ? served.right : served.wrong);
      else
        ++served.refused[std::get<Reason>(*step.decision)];
    }
    return served;
  }
};

constexpr const char* device = "/dev/ttyAMA0";

Receiver::Line sentence(nanoseconds after, SentenceReport report = {}) {
  return {after, [=](UtcSecond) { return report; }};
}

Receiver::Line rmc(nanoseconds after, bool valid = true, seconds behind = 0s) {
  return {after, [=](UtcSecond second) {
            const auto time = (second - behind).time_since_epoch() % 24h;
            return SentenceReport{valid ? SentenceReport::Fix::valid : SentenceReport::Fix::none,
                                  nanoseconds{time}};
          }};
}

Receiver::Line tpv(nanoseconds after, seconds behind = 0s) {
  return {after, [=](UtcSecond second) {
            return FixReport{device, 3, 1, UtcInstant{second - behind, 0ns}};
          }};
}

Receiver::Line sky(nanoseconds after) {
  return {after, [](UtcSecond) { return SkyReport{device, 8}; }};
}

Receiver::Line toff(nanoseconds after) {
  return {after, [=](UtcSecond second) {
            return TimeReport{device, {second, 0ns}, SystemTime{second.time_since_epoch() + after}};
          }};
}

}  // namespace

TEST_CASE(
    "a receiver that sends its satellites first and its time after the next pulse labels "
    "nothing",
    "[driver][sentences]") {
  SECTION("by its sentences") {
    const Receiver receiver{{sentence(700ms), sentence(850ms), sentence(1000ms), sentence(1120ms),
                             toff(1210ms), rmc(1210ms), tpv(1290ms)}};
    const auto served = receiver.run(90);
    CHECK(served.right + served.wrong == 0);
    CHECK(served.refused.at(Reason::ambiguous) > 60);
  }
  SECTION("without sentences, by reports between its cycles") {
    const Receiver receiver{{sky(700ms), sky(850ms), toff(1210ms), tpv(1290ms)}};
    CHECK(receiver.run(90).wrong == 0);
  }
  SECTION("without sentences, by an old time that comes again") {
    const Receiver receiver{
        {tpv(700ms, 1s), sky(701ms), tpv(850ms, 1s), toff(1210ms), tpv(1290ms)}};
    CHECK(receiver.run(90).wrong == 0);
  }
}

TEST_CASE("a pause inside a burst is not its begin", "[driver][sentences]") {
  // Its satellites begin before the pulse, and its time comes a quarter of a second behind them.
  const Receiver pauses{{sentence(780ms), sentence(850ms), toff(1110ms), rmc(1110ms), tpv(1180ms)}};
  CHECK(pauses.run(90).wrong == 0);
  SECTION("and a burst whose second part comes before the next pulse is served") {
    const Receiver both{{toff(110ms), rmc(110ms), tpv(180ms), sentence(500ms), sentence(560ms)}};
    CHECK(both.run(60).right >= 48);
  }
}

TEST_CASE("satellites that come after the time are no begin of a burst", "[driver][sentences]") {
  const Receiver receiver{{toff(150ms), rmc(150ms), tpv(220ms), sentence(290ms), sentence(360ms),
                           sentence(500ms), sky(500ms)}};
  CHECK(receiver.run(60).right >= 48);
}

TEST_CASE("a line that is never silent for 200 ms places no burst", "[driver][sentences]") {
  Receiver receiver{{toff(150ms), rmc(150ms), tpv(220ms)}};
  for (const auto after : {290ms, 480ms, 670ms, 860ms, 1050ms})
    receiver.lines.push_back(sentence(after));
  CHECK(receiver.run(60).right == 0);
  receiver.lines.pop_back();  // 290 ms of silence
  CHECK(receiver.run(60).right >= 48);
}

TEST_CASE("bursts of 5 Hz and of 10 Hz are no longer than their cycle", "[driver][sentences]") {
  const int rate = GENERATE(5, 10);
  Receiver receiver{{toff(60ms)}};
  for (int i = 0; i < rate; ++i) {
    const auto epoch = 1000ms * i / rate;
    receiver.lines.push_back(rmc(epoch + 60ms));
    receiver.lines.push_back({epoch + 70ms, [=](UtcSecond second) {
                                return FixReport{device, 3, 1, UtcInstant{second, epoch}};
                              }});
    receiver.lines.push_back(sentence(epoch + 90ms));
  }
  CHECK(receiver.run(60).right >= 47);
}

TEST_CASE("where gpsd withholds TOFF, the sentences of a valid fix label twenty messages later",
          "[driver][sentences]") {
  const Receiver receiver{{rmc(225ms), sentence(300ms), tpv(300ms), sentence(350ms), tpv(350ms)}};
  const auto served = receiver.run(90);
  CHECK(served.wrong == 0);
  // Five seconds until TOFF is missed, and twenty messages.
  CHECK(served.right == 90 - 26);
  SECTION("not without a valid RMC") {
    const Receiver without{{sentence(225ms), sentence(300ms), tpv(300ms)}};
    CHECK(without.run(90).refused.at(Reason::no_toff) > 80);
  }
  SECTION("not with a sentence that says there is no fix") {
    const Receiver contradicted{
        {rmc(225ms), sentence(300ms, {SentenceReport::Fix::none}), tpv(310ms)}};
    CHECK(contradicted.run(90).refused.at(Reason::no_toff) > 80);
    const Receiver void_rmc{{rmc(225ms, false), sentence(300ms), tpv(310ms)}};
    CHECK(void_rmc.run(90).refused.at(Reason::no_toff) > 80);
  }
  SECTION("not with a time that RMC does not have") {
    const Receiver another{{rmc(225ms), tpv(300ms, seconds{GENERATE(-1, 1, 60)})}};
    CHECK(another.run(90).refused.at(Reason::no_toff) > 80);
  }
  SECTION("not where the burst spans a pulse") {
    const Receiver spans{
        {sentence(700ms), sentence(850ms), sentence(1000ms), rmc(1150ms), tpv(1150ms)}};
    CHECK(spans.run(90).wrong == 0);
  }
  SECTION("not without sentences") {
    const Receiver silent{{tpv(300ms)}};
    CHECK(silent.run(90).refused.at(Reason::no_toff) > 80);
  }
}

TEST_CASE("a mode 1 of gpsd is no loss of the fix where the sentences of its burst have one",
          "[driver][sentences]") {
  const Receiver::Line mode_1{230ms, [](UtcSecond second) {
                                return FixReport{device, 1, 2, UtcInstant{second, 0ns}};
                              }};
  const Receiver receiver{{toff(150ms), rmc(150ms), sentence(220ms), mode_1}};
  CHECK(receiver.run(60).right >= 48);
  SECTION("but where one of them says that there is none") {
    const Receiver without{
        {toff(150ms), rmc(150ms), sentence(220ms, {SentenceReport::Fix::none}), mode_1}};
    CHECK(without.run(60).right == 0);
    const Receiver invalid{{toff(150ms), rmc(150ms, false), sentence(220ms), mode_1}};
    CHECK(invalid.run(60).right == 0);
    const Receiver silent{{toff(150ms), mode_1}};
    CHECK(silent.run(60).right == 0);
  }
}

TEST_CASE("an earlier TOFF of a later date is the reason why there is none",
          "[driver][sentences]") {
  const seconds years = std::chrono::hours{24 * 365 * 3};
  const auto date = [=](UtcSecond second) {
    return UtcInstant{second + (second < start + 12s ? years : 0s), 0ns};
  };
  const Receiver receiver{{
      {150ms,
       [=](UtcSecond second) -> GpsdReport {
         if (second >= start + 12s) return OtherReport{};  // "Not a new time"
         return TimeReport{device, date(second), SystemTime{second.time_since_epoch() + 150ms}};
       }},
      {200ms,
       [=](UtcSecond second) {
         return FixReport{device, 3, 1, date(second)};
       }},
  }};
  CHECK(receiver.run(60).refused.at(Reason::stuck_time) > 35);
}

TEST_CASE(
    "a young receiver whose time goes back is served again though gpsd withholds TOFF meanwhile",
    "[driver][sentences]") {
  const seconds by = seconds{GENERATE(1, 2, 3)};
  const auto label = [=](UtcSecond second) { return second + (second < start + 40s ? by : 0s); };
  const Receiver receiver{{
      {150ms,
       [=](UtcSecond second) -> GpsdReport {
         // gpsd: "Not a new time".
         if (second >= start + 40s && second < start + 40s + by) return OtherReport{};
         const auto stamp = SystemTime{second.time_since_epoch() + 150ms};
         return TimeReport{device, {label(second), 0ns}, stamp};
       }},
      {200ms,
       [=](UtcSecond second) {
         return FixReport{device, 3, 1, UtcInstant{label(second), 0ns}};
       }},
  }};
  // Wrong from the start, silent for a minute, then right.
  CHECK(receiver.run(200).right >= 90);
}

namespace {

/// The line in those seconds alone for which `wanted` is true.
Receiver::Line only(std::function<bool(std::int64_t)> wanted, Receiver::Line line) {
  return {line.after, [=](UtcSecond second) -> GpsdReport {
            if (!wanted((second - start).count())) return OtherReport{};
            return line.report(second);
          }};
}

}  // namespace

TEST_CASE("a receiver is served of which gpsd makes no TPV in two of five seconds",
          "[driver][sentences]") {
  const auto some = [](std::int64_t s) { return s % 5 < 3; };
  const Receiver receiver{{toff(150ms), only(some, tpv(200ms))}};
  CHECK(receiver.run(120).right >= 120 - 12);
  SECTION("but not where those two TPVs have no fix, or no date") {
    const auto without = [](int mode, std::optional<UtcInstant> time) {
      return only([](std::int64_t s) { return s % 5 >= 3; },
                  {210ms, [=](UtcSecond) {
                     return FixReport{device, mode, 1, time};
                   }});
    };
    const Receiver lost{{toff(150ms), only(some, tpv(200ms)), without(1, {})}};
    CHECK(lost.run(120).refused.at(Reason::no_fix) > 30);
    const Receiver undated{{toff(150ms), only(some, tpv(200ms)), without(3, {})}};
    CHECK(undated.run(120).refused.at(Reason::no_date) > 10);
  }
}

TEST_CASE("a receiver is served of which gpsd sends no TOFF in some cycles",
          "[driver][sentences]") {
  const auto some = [](std::int64_t s) { return s % 7 < 3; };
  const Receiver receiver{{only(some, toff(150ms)), rmc(150ms), tpv(200ms)}};
  const auto served = receiver.run(120);
  CHECK(served.wrong == 0);
  CHECK(served.right >= 90);
  SECTION("but not without sentences") {
    const Receiver silent{{only(some, toff(150ms)), tpv(200ms)}};
    CHECK(silent.run(120).refused.at(Reason::no_second) > 20);
  }
}

TEST_CASE("a TPV before the TOFF of its time is of the same cycle if no silence is between them",
          "[driver][sentences]") {
  const Receiver one{{sentence(200ms), tpv(201ms), sentence(360ms), toff(410ms)}};
  CHECK(one.run(60).right >= 48);
  const Receiver two{{sentence(200ms), tpv(201ms), toff(900ms), sentence(900ms)}};
  CHECK(two.run(60).refused.at(Reason::time_mismatch) > 40);
}

TEST_CASE("a fix every three seconds is too slow, every two seconds it is served",
          "[driver][sentences]") {
  const auto each = [](int period) {
    const auto some = [=](std::int64_t s) { return s % period == 0; };
    return Receiver{{only(some, toff(150ms)), only(some, tpv(200ms))}}.run(120);
  };
  CHECK(each(3).refused.at(Reason::message_rate) > 90);
  CHECK(each(2).right > 90);
}

TEST_CASE("without any TOFF messages that become a second late change no second",
          "[driver][sentences]") {
  const auto in_time = [](std::int64_t s) { return s < 60; };
  const auto late = [](std::int64_t s) { return s > 60; };
  const Receiver receiver{{only(in_time, rmc(225ms)), only(in_time, tpv(300ms)),
                           only(late, rmc(225ms, true, 1s)), only(late, tpv(300ms, 1s))}};
  const auto served = receiver.run(200);
  CHECK(served.right >= 60 - 26);
  CHECK(served.wrong == 0);
  CHECK(served.refused.at(Reason::late_messages) > 130);
}
