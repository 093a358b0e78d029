// What the owner reads of the daemon's health: the headline, and the status file.

#include "driver/core/health.h"

#include "base/release.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr SystemTime ten_o_clock{1795341600s};  // 2026-11-22

std::string status_of(const Health& health) {
  return to_json(status_of(health, ten_o_clock + 61'500ms));
}

/// What the status file has of it.
std::string member(const Health& health, const std::string& name) {
  const auto text = status_of(health);
  const auto begin = text.find("  \"" + name + "\": ");
  return begin == std::string::npos ? "" : text.substr(begin, text.find('\n', begin) - begin);
}

Sample sample(std::int64_t second, nanoseconds offset) {
  return {ten_o_clock + seconds{second} - offset, UtcSecond{1795341600s + seconds{second}}, offset,
          5200ns};
}

}  // namespace

TEST_CASE("the status file has all that is known, each thing once and by its name",
          "[driver][health]") {
  Jitter jitter;
  for (int i = 0; i < 12; ++i) jitter.take(sample(i, i == 5 ? 1us : 0ns));
  Counters counters;
  counters.pulses = 20;
  counters.samples = 12;
  counters.missed = 3;
  counters.refused[static_cast<std::size_t>(Reason::acquiring)] = 7;
  counters.refused[static_cast<std::size_t>(Reason::duplicate)] = 1;
  Health health;
  health.state = State::locked;
  health.since = ten_o_clock + 999ms;
  health.pulses_come = true;
  health.counters = &counters;
  health.jitter = &jitter;
  health.last_sample = sample(11, -1234ns);
  health.gpsd_connected = true;
  health.device = "/dev/ttyAMA0";
  health.fix_mode = 3;
  health.satellites_used = 9;
  health.pulse_source = "/dev/pps0";
  health.pulse_source_open = true;
  health.sink = "SOCK /run/\"x\"";
  health.sink_takes = true;
  health.latency = {5200ns, 600ns};
  health.lateness = LatenessMode::automatic;
  health.lateness_share = 0.256;
  CHECK(status_of(health) == "{\n  \"version\": \"" + std::string{version()} + R"(",
  "written": "2026-11-22T10:01:01Z",
  "state": "LOCKED",
  "since": "2026-11-22T10:00:00Z",
  "summary": "LOCKED: every pulse has its second, samples go to chronyd",
  "reason": null,
  "last_sample": {"second": 1795341611, "utc": "2026-11-22T10:00:11Z", "offset_ns": -1234, "correction_ns": 5200},
  "pulses": 20,
  "samples": 12,
  "missed": 3,
  "refused": {"duplicate":1,"acquiring":7},
  "jitter": {"recent": {"100ns": 7, "300ns": 0, "1us": 2, "3us": 1, "10us": 0, "30us": 0, "100us": 0, "300us": 0, "1ms": 0, "more": 0}, "total": {"100ns": 7, "300ns": 0, "1us": 2, "3us": 1, "10us": 0, "30us": 0, "100us": 0, "300us": 0, "1ms": 0, "more": 0}},
  "gpsd": {"connected": true, "trouble": ""},
  "receiver": {"device": "/dev/ttyAMA0", "fix_mode": 3, "satellites_used": 9},
  "pps": {"source": "/dev/pps0", "open": true, "pulses_come": true, "trouble": ""},
  "chrony": {"sink": "SOCK /run/\"x\"", "takes_samples": true, "trouble": ""},
  "lateness": {"mode": "auto", "share": 0.26, "latency_ns": 5200, "latency_uncertainty_ns": 600}
}
)");
}

TEST_CASE("what is not known yet is null in the status file, or not there", "[driver][health]") {
  const Counters counters;
  Health health;
  health.counters = &counters;
  health.obstacle = Reason::no_gpsd;
  health.gpsd_trouble = "nobody accepts the connection";
  health.pulse_trouble = "/dev/pps0: No such file";
  CHECK(member(health, "reason") == R"(  "reason": "no-gpsd",)");
  CHECK(member(health, "last_sample") == R"(  "last_sample": null,)");
  CHECK(member(health, "refused") == R"(  "refused": {},)");
  CHECK(member(health, "jitter").empty());
  CHECK(member(health, "gpsd") ==
        R"(  "gpsd": {"connected": false, "trouble": "nobody accepts the connection"},)");
  CHECK_THAT(member(health, "pps"), ContainsSubstring(R"("trouble": "/dev/pps0: No such file"})"));
  CHECK_THAT(member(health, "chrony"), ContainsSubstring(R"("takes_samples": null)"));
  health.sink_takes = false;
  health.sink_trouble = "the queue is full";
  CHECK_THAT(member(health, "chrony"),
             ContainsSubstring(R"("takes_samples": false, "trouble": "the queue is full"})"));
}

TEST_CASE("the status file has a reason only while samples are paused", "[driver][health]") {
  const Counters counters;
  Health health;
  health.counters = &counters;
  const std::pair<State, std::string> awaited[] = {{State::waiting, "null"},
                                                   {State::acquiring, "\"acquiring\""},
                                                   {State::locked, "null"},
                                                   {State::hold, "\"hold\""},
                                                   {State::fault, "\"fault\""}};
  for (const auto& [state, reason] : awaited)
    for (const bool pulses_come : {true, false}) {
      health.state = state;
      health.pulses_come = pulses_come;
      CAPTURE(name_of(state), pulses_come);
      health.obstacle.reset();
      CHECK(member(health, "reason") ==
            "  \"reason\": " + (pulses_come ? reason : std::string{"null"}) + ",");
      health.obstacle = Reason::no_fix;
      CHECK(member(health, "reason") ==
            (state != State::locked ? R"(  "reason": "no-fix",)" : R"(  "reason": null,)"));
    }
}

TEST_CASE("a headline has the reason and what to do", "[driver][health]") {
  Health health;
  health.state = State::hold;
  health.obstacle = Reason::no_fix;
  health.gpsd_trouble = "gpsd at localhost:1: nobody accepts the connection";
  health.pulses_come = true;
  CHECK(headline(health) ==
        "HOLD: no samples: gpsd has no fix: is the antenna in sight of the sky?");
  health.pulses_come = false;
  CHECK(headline(health) ==
        "HOLD: no samples: gpsd has no fix: is the antenna in sight of the sky?; and no pulses "
        "arrive: is the PPS wire connected, and the receiver set to send pulses?");
  health.pulse_trouble = "/dev/pps0: No such file or directory";
  CHECK(headline(health) ==
        "HOLD: no samples: gpsd has no fix: is the antenna in sight of the sky?; and /dev/pps0: No "
        "such file or directory");
  health.obstacle.reset();
  CHECK(headline(health) == "HOLD: no samples: /dev/pps0: No such file or directory");
  health.state = State::locked;
  CHECK(headline(health) == "LOCKED: every pulse has its second, samples go to chronyd");
}

TEST_CASE("the cause of a failed connection to gpsd is in the headline", "[driver][health]") {
  Health health;
  health.pulses_come = true;
  health.obstacle = Reason::no_gpsd;
  CHECK(headline(health) ==
        "WAITING: no samples: gpsd cannot be reached: is it running? (systemctl status gpsd)");
  health.gpsd_trouble = "gpsd at localhost:1: nobody accepts the connection";
  CHECK(headline(health) ==
        "WAITING: no samples: gpsd at localhost:1: nobody accepts the connection");
}

TEST_CASE("where no check objects, the headline says what it waits for", "[driver][health]") {
  Health health;
  health.pulses_come = true;
  CHECK(headline(health) == "WAITING: no samples: nothing to judge yet");
  for (const auto& [state, reason] : {std::pair{State::acquiring, Reason::acquiring},
                                      {State::hold, Reason::hold},
                                      {State::fault, Reason::fault}}) {
    health.state = state;
    CHECK(headline(health) ==
          std::string{name_of(state)} + ": no samples: " + std::string{words_for(reason)});
  }
}

TEST_CASE("a suspected rollover is reported", "[driver][health]") {
  Health health;
  health.pulses_come = true;
  health.obstacle = Reason::before_floor;
  const auto plain = headline(health);
  CHECK_THAT(plain, !ContainsSubstring("weeks"));
  health.suspected_rollovers = 2;
  CHECK(headline(health) ==
        plain + " (+2048 weeks would make it fit: a week rollover is suspected)");
  health.suspected_rollovers = -1;
  CHECK(headline(health) ==
        plain + " (-1024 weeks would make it fit: a week rollover is suspected)");
}

TEST_CASE("one headline is another when its state, its reason or the pulses' coming is",
          "[driver][health]") {
  Health health;
  health.state = State::hold;
  health.obstacle = Reason::no_fix;
  CHECK(headline_key(health) == HeadlineKey{State::hold, Reason::no_fix, false});
  health.pulses_come = true;
  CHECK(headline_key(health) == HeadlineKey{State::hold, Reason::no_fix, true});
  health.gpsd_trouble = "another";
  CHECK(headline_key(health) == HeadlineKey{State::hold, Reason::no_fix, true});
  // While samples are sent, no reason is reported.
  health.state = State::locked;
  health.pulses_come = false;
  CHECK(headline_key(health) == HeadlineKey{State::locked, std::nullopt, true});
}

TEST_CASE("messages that come too early or too late are reported with their delay",
          "[driver][health]") {
  Health health;
  health.state = State::hold;
  health.pulses_come = true;
  health.obstacle = Reason::late_messages;
  health.message_delay = 1'554'300us;
  CHECK_THAT(headline(health), ContainsSubstring("(their time comes 1554 ms after the pulse)"));
  health.obstacle = Reason::no_fix;
  CHECK_THAT(headline(health), !ContainsSubstring("after the pulse"));
}
