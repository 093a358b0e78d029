// The vocabulary that the programs share: reasons, pulse sources, lateness modes and the status
// file.

#include <regex>
#include <set>
#include <string>

#include "contract/constants.h"
#include "contract/pulse_source.h"
#include "contract/status_file.h"
#include "tests/support/catch.h"

using namespace ntsbox;

TEST_CASE("every reason has a kebab-case name and words, all distinct", "[contract][reason]") {
  std::set<std::string_view> names;
  std::set<std::string_view> words;
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(std::regex_match(std::string{name_of(reason)}, std::regex{"[a-z]+(-[a-z]+)*"}));
    CHECK_FALSE(words_for(reason).empty());
    CHECK(reason_named(name_of(reason)) == reason);
    names.insert(name_of(reason));
    words.insert(words_for(reason));
  }
  CHECK(names.size() == reason_count);
  CHECK(words.size() == reason_count);
}

TEST_CASE("every reason that lasts has a hint", "[contract][reason]") {
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::duplicate || reason == Reason::clock_step) continue;  // gone by itself
    CAPTURE(name_of(reason));
    CHECK_FALSE(hint_for(reason).empty());
  }
}

TEST_CASE("every state has a name that is read back", "[contract][reason]") {
  for (std::size_t i = 0; i < state_count; ++i) {
    const auto state = static_cast<State>(i);
    CHECK(state_named(name_of(state)) == state);
  }
  CHECK_FALSE(state_named("locked"));
  CHECK_FALSE(reason_named("no-reason"));
  CHECK_FALSE(reason_named(""));
}

TEST_CASE("a pulse source is a device, a clock's pin or a socket", "[contract][pulse-source]") {
  CHECK(pulse_source("/dev/pps7") == PulseSource{PpsSource{"/dev/pps7", CaptureEdge::assert}});
  CHECK(pulse_source("stream:/run/x") == PulseSource{StreamSource{"/run/x"}});
  CHECK(pulse_source("phc:/dev/ptp0:1") ==
        PulseSource{PhcSource{"/dev/ptp0", 1, CaptureEdge::assert}});
  CHECK(pulse_source("phc:/dev/ptp112:20") ==
        PulseSource{PhcSource{"/dev/ptp112", 20, CaptureEdge::assert}});
  for (const auto* text :
       {"phc:", "phc:/dev/ptp0", "phc:/dev/ptp:1", "phc:/dev/ptp0:", "phc:/dev/ptp0:-1",
        "phc:/dev/ptp0:01", "phc:/dev/ptp00:1", "phc:/dev/ptp0:1 ", "phc:/dev/ptp0:1000",
        "phc:/dev/ptp0:1:1", "phc:/dev/pps0:1", "phc:/dev/ptp0/x:1"})
    CHECK_FALSE(pulse_source(text));
  for (const auto* text : {"", "/run/x", "/dev/", "pps0", "stream:", "stream:x", "/dev/a\n"})
    CHECK_FALSE(pulse_source(text));
}

TEST_CASE("a device's edge can be chosen, and a stream has none", "[contract][pulse-source]") {
  for (const auto* text : {"/dev/pps0", "phc:/dev/ptp0:1"}) {
    auto source = *pulse_source(text);
    const auto other = source;
    CHECK(choose_edge(source, CaptureEdge::clear));
    CHECK_FALSE(source == other);
    CHECK(choose_edge(source, CaptureEdge::assert));
    CHECK(source == other);
  }
  auto stream = *pulse_source("stream:/run/x");
  CHECK_FALSE(choose_edge(stream, CaptureEdge::clear));
}

TEST_CASE("a pulse source cannot become a directive, an option or a second line",
          "[contract][pulse-source]") {
  for (const std::string text :
       {"phc:/dev/ptp0\", KERNEL:1", "/etc/passwd", "stream:/run/a\"b", "stream:/run/../x",
        "/dev/a b", "/dev//a", "/dev/./a", "/dev/$x", "stream:/run/x/"}) {
    INFO(text);
    CHECK_FALSE(pulse_source(text));
  }
  CHECK(pulse_source("stream:/" + std::string(106, 'a')));
  CHECK_FALSE(pulse_source("stream:/" + std::string(107, 'a')));
  CHECK_FALSE(pulse_source("/dev/" + std::string(300, 'a')));
}

TEST_CASE("a pulse source is named as it was written", "[contract][pulse-source]") {
  for (const auto* text : {"/dev/pps0", "phc:/dev/ptp12:3", "stream:/run/ntsbox-sim/pulses.sock"})
    CHECK(name_of(*pulse_source(text)) == text);
}

TEST_CASE("each lateness mode has a name that is read back, and two are offered",
          "[contract][lateness]") {
  std::string offered;
  for (const auto* name : {"raw", "clip", "line", "auto"}) {
    REQUIRE(lateness_mode(name));
    CHECK(name_of(*lateness_mode(name)) == name);
    if (is_offered(*lateness_mode(name))) offered += std::string{name} + " ";
  }
  CHECK(offered == "raw auto ");
  CHECK_FALSE(lateness_mode("automatic"));
}

namespace {

constexpr UtcSecond noon{seconds{1'795'608'000}};

/// A status with no member at its default.
DaemonStatus full_status() {
  DaemonStatus status;
  status.version = "1.2.3";
  status.written = noon;
  status.state = State::hold;
  status.since = noon - seconds{61};
  status.summary = "HOLD: no samples: \"quoted\"";
  status.reason = Reason::witness;
  status.last_sample = LastSample{noon - seconds{70}, nanoseconds{-1234}, nanoseconds{5200}};
  status.pulses = 27;
  status.samples = 10;
  status.missed = 3;
  for (std::size_t i = 0; i < reason_count; ++i) status.refused.at(i) = i + 1;
  status.jitter = {{"100ns", 1, 5}, {"more", 2, 6}};
  status.gpsd_connected = true;
  status.gpsd_trouble = "gpsd hung up";
  status.device = "/dev/ttyAMA0";
  status.fix_mode = 3;
  status.satellites = 9;
  status.pulse_source = "phc:/dev/ptp0:1";
  status.pulse_source_open = true;
  status.pulses_come = true;
  status.pulse_trouble = "/dev/ptp0: Permission denied";
  status.sink = "SOCK /run/x";
  status.takes_samples = false;
  status.sink_trouble = "the queue is full";
  status.lateness = LatenessMode::automatic;
  status.lateness_share = 0.25;
  status.latency = nanoseconds{5200};
  status.latency_uncertainty = nanoseconds{600};
  return status;
}

}  // namespace

TEST_CASE("a status file is read back as it was written", "[contract][status-file]") {
  CHECK(parse_status(to_json(full_status())) == full_status());
  DaemonStatus bare;
  bare.written = bare.since = noon;
  CHECK(parse_status(to_json(bare)) == bare);
  for (std::size_t i = 0; i < reason_count; ++i) {
    bare.reason = static_cast<Reason>(i);
    CHECK(parse_status(to_json(bare)) == bare);
  }
  for (std::size_t i = 0; i < state_count; ++i) {
    bare.state = static_cast<State>(i);
    CHECK(parse_status(to_json(bare)) == bare);
  }
}

TEST_CASE("what is no status file is none, and what is absent keeps its default",
          "[contract][status-file]") {
  for (const auto* text : {"", "{", "{}", "[]", R"({"state": "locked"})", R"({"state": 7})"})
    CHECK_FALSE(parse_status(text));
  DaemonStatus status;
  status.state = State::fault;
  CHECK(
      parse_status(R"({"state": "FAULT", "reason": "unheard-of", "refused": {"unheard-of": 7}})") ==
      status);
}

TEST_CASE("no text of a status file can control a terminal", "[contract][status-file]") {
  const auto status = parse_status(
      "{\"state\": \"LOCKED\", \"summary\": \"a\\u001b[2Jb\", \"gpsd\": {\"trouble\": \"\u009b\"}, "
      "\"receiver\": {\"device\": \"\\u009b31m\\u007f\"}, \"jitter\": {\"recent\": {\"\\u0090\": "
      "1}}}");
  REQUIRE(status);
  CHECK(status->summary == "a?[2Jb");
  CHECK(status->gpsd_trouble == "??");
  CHECK(status->device == "??31m?");
  CHECK(status->jitter.front().below == "??");
}

TEST_CASE("the jitter of the pulses is read bin by bin", "[contract][status-file]") {
  const auto status = parse_status(
      R"({"state": "LOCKED", "missed": 3, "last_sample": {"second": 1795341600},
          "jitter": {"recent": {"100ns": 1, "more": 0}, "total": {"100ns": 5, "more": 2}}})");
  REQUIRE(status);
  CHECK(status->missed == 3);
  CHECK(status->last_sample->second == UtcSecond{seconds{1795341600}});
  CHECK(status->jitter == std::vector<JitterBin>{{"100ns", 1, 5}, {"more", 0, 2}});
}
