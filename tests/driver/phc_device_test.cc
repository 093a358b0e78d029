// The kernel's PTP clocks by a stand-in, since no machine of a test has one with a pin: what is
// asked of it and what it answers is linux/ptp_clock.h's, and how igb, igc and a PHY behave their
// drivers'.

#include <linux/ptp_clock.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "driver/io/pulse_feed.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr SystemTime noon{1795348800s};

ptp_clock_time time_of(nanoseconds since) {
  ptp_clock_time time{};
  time.sec = std::chrono::floor<seconds>(since).count();
  time.nsec = static_cast<std::uint32_t>((since - std::chrono::floor<seconds>(since)).count());
  return time;
}

class Card final : public DeviceSystem {
 public:
  int pins = 4, channels = 2;
  bool one_edge = true, at_once = false;
  std::vector<ptp_pin_desc> functions = std::vector<ptp_pin_desc>(4);
  int open_error = 0, caps_error = 0, pin_error = 0, start_error = 0, read_error = 0,
      offset_error = 0;
  nanoseconds phc = 500s;  // at `now`
  SystemTime now = noon;
  std::deque<ptp_extts_event> edges;
  std::vector<ptp_pin_desc> pins_set;
  std::vector<ptp_extts_request> requests;
  nanoseconds runs{};  // both clocks, with each edge that is read
  bool closed = false;

  /// At an instant of its clock, which is a second ahead of the last each second.
  void edge_at(nanoseconds since) {
    phc = 500s + since;
    now = noon + since;
    edge(phc);
  }

  void edge(nanoseconds stamp, unsigned channel = 0) {
    ptp_extts_event event{};
    event.t = time_of(stamp);
    event.index = channel;
    edges.push_back(event);
  }

  int open(const char* path) override {
    return answer(std::string{path} == "/dev/ptp0" ? open_error : ENOENT, descriptor);
  }

  int ioctl(int fd, unsigned long request, void* argument) override {
    if (fd != descriptor) return answer(EBADF);
    switch (request) {
      case PTP_CLOCK_GETCAPS:
        static_cast<ptp_clock_caps*>(argument)->n_pins = pins;
        static_cast<ptp_clock_caps*>(argument)->n_ext_ts = channels;
        return answer(caps_error);
      case PTP_PIN_GETFUNC2: {
        auto& asked = *static_cast<ptp_pin_desc*>(argument);
        asked = functions.at(asked.index);
        return 0;
      }
      case PTP_PIN_SETFUNC2:
        pins_set.push_back(*static_cast<ptp_pin_desc*>(argument));
        return answer(pin_error);
      case PTP_EXTTS_REQUEST2:
        requests.push_back(*static_cast<ptp_extts_request*>(argument));
        return answer(start(requests.back().flags));
      case PTP_SYS_OFFSET_PRECISE2: {
        if (!at_once) return answer(EOPNOTSUPP);
        auto& both = *static_cast<ptp_sys_offset_precise*>(argument);
        both.device = time_of(phc);
        both.sys_realtime = time_of(now.time_since_epoch());
        return 0;
      }
      case PTP_SYS_OFFSET_EXTENDED2: {
        auto& taken = *static_cast<ptp_sys_offset_extended*>(argument);
        // The last is the best.
        for (unsigned i = 0; i < taken.n_samples; ++i) {
          const auto took = 2us * (taken.n_samples - i);
          taken.ts[i][0] = time_of(now.time_since_epoch() - took / 2);
          taken.ts[i][1] = time_of(phc - (took - 2us));
          taken.ts[i][2] = time_of(now.time_since_epoch() + took / 2);
        }
        return answer(offset_error);
      }
      default:
        return answer(ENOTTY);
    }
  }

  int wait(int /*fd*/, nanoseconds /*patience*/) override {
    return edges.empty() && read_error == 0 ? 0 : 1;
  }

  long read(int /*fd*/, void* into, std::size_t size) override {
    if (read_error != 0) return answer(read_error);
    std::memcpy(into, &edges.front(), size);
    edges.pop_front();
    if (started) {
      phc += runs;
      now += runs;
    }
    started = true;
    return static_cast<long>(size);
  }

  void close(int fd) override { closed = fd == descriptor; }

 private:
  static constexpr int descriptor = 7;
  bool started = false;

  static int answer(int error, int good = 0) {
    errno = error;
    return error == 0 ? good : -1;
  }

  [[nodiscard]] int start(unsigned flags) const {
    const bool both = (flags & PTP_EXTTS_EDGES) == PTP_EXTTS_EDGES;
    if (flags == 0) return 0;
    return start_error != 0 ? start_error : one_edge || both ? 0 : EOPNOTSUPP;
  }
};

PhcSource pin(unsigned number, CaptureEdge edge = CaptureEdge::assert) {
  return {"/dev/ptp0", number, edge};
}

std::string refusal(Card& card, unsigned number = 1) {
  const auto device = open_phc_device(pin(number), card);
  return device ? "" : device.error().message;
}

}  // namespace

TEST_CASE("a pin is made to take pulses, and let go at the end", "[driver][phc]") {
  Card card;
  {
    const auto device = open_phc_device(pin(3), card);
    REQUIRE(device);
    CHECK((*device)->note().empty());
    REQUIRE(card.pins_set.size() == 1);
    CHECK(card.pins_set[0].index == 3);
    CHECK(card.pins_set[0].func == PTP_PF_EXTTS);
    CHECK(card.pins_set[0].chan == 0);
    REQUIRE(card.requests.size() == 1);
    CHECK(card.requests[0].index == 0);
    CHECK(card.requests[0].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_RISING_EDGE));
    CHECK_FALSE(card.closed);
  }
  CHECK(card.requests.back().flags == 0);
  CHECK(card.pins_set.back().func == PTP_PF_NONE);
  CHECK(card.closed);
}

TEST_CASE("a pin whose clock will not stamp is let go at once", "[driver][phc]") {
  Card card;
  card.start_error = EBUSY;
  CHECK_THAT(refusal(card, 3), ContainsSubstring("another program has that pin or channel"));
  REQUIRE(card.pins_set.size() == 2);
  CHECK(card.pins_set.back().index == 3);
  CHECK(card.pins_set.back().func == PTP_PF_NONE);
}

TEST_CASE("the other edge is asked for where the settings name it", "[driver][phc]") {
  Card card;
  REQUIRE(open_phc_device(pin(0, CaptureEdge::clear), card));
  CHECK(card.requests[0].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_FALLING_EDGE));
}

TEST_CASE("without pins to choose from, the number is the channel's", "[driver][phc]") {
  Card card;
  card.pins = 0;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  CHECK(card.pins_set.empty());
  CHECK(card.requests[0].index == 1);
  card.edge(500s, 1);
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.phc = 501s;
  card.now = noon + 1s;
  card.edge(501s, 0);
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.edge(501s, 1);
  CHECK(*(*device)->fetch(1ms));
  CHECK_THAT(refusal(card, 2), ContainsSubstring("has no pin 2: they are numbered from 0 to 1"));
}

TEST_CASE("an edge has the system's time, by the best reading of both clocks", "[driver][phc]") {
  for (const bool at_once : {false, true}) {
    Card card;
    card.at_once = at_once;
    const auto device = open_phc_device(pin(1), card);
    REQUIRE(device);
    std::vector<Pulse> pulses;
    for (const auto second : {0s, 1s, 2s}) {
      card.phc = 500s + second + 300us;
      card.now = noon + second + 300us;
      card.edge(500s + second);
      const auto pulse = (*device)->fetch(1ms);
      REQUIRE(pulse);
      if (*pulse) pulses.push_back(**pulse);
      CHECK_FALSE(*(*device)->fetch(1ms));
    }
    // By the first the clocks are only compared.
    REQUIRE(pulses.size() == 2);
    CHECK(pulses[0].stamp == noon + 1s);
    CHECK(pulses[0].sequence == 1);
    CHECK(pulses[1].stamp == noon + 2s);
    CHECK(pulses[1].sequence == 2);
  }
}

TEST_CASE("a card that can no longer read both clocks at once reads them in turn",
          "[driver][phc]") {
  Card card;
  card.at_once = true;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  card.edge_at(0s);
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.at_once = false;
  card.edge_at(1s);
  CHECK(*(*device)->fetch(1ms));
}

TEST_CASE("an edge that waited since before the clock was opened is not given", "[driver][phc]") {
  Card card;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  card.edge(480s);
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.phc = 501s;
  card.now = noon + 1s;
  card.edge(481s);
  CHECK_FALSE(*(*device)->fetch(1ms));
}

TEST_CASE("of a card that stamps both edges, the leading ones are given", "[driver][phc]") {
  Card card;
  card.one_edge = false;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  CHECK_THAT((*device)->note(), ContainsSubstring("both edges"));
  CHECK(card.requests[1].flags == (PTP_ENABLE_FEATURE | PTP_STRICT_FLAGS | PTP_EXTTS_EDGES));
  std::vector<SystemTime> stamps;
  for (const auto edge : {0ms, 100ms, 1000ms, 1100ms, 2000ms, 2100ms, 3000ms}) {
    card.edge_at(edge);
    const auto pulse = (*device)->fetch(1ms);
    REQUIRE(pulse);
    if (*pulse) stamps.push_back((*pulse)->stamp);
  }
  // The first that counts is the one by which the clocks are compared.
  CHECK(stamps == std::vector<SystemTime>{noon + 2s, noon + 3s});
}

TEST_CASE("after a silence the edges are asked for again, ever more seldom", "[driver][phc]") {
  Card card;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  const auto requests_after = [&](seconds silence) {
    card.requests.clear();
    for (auto waited = 0ms; waited < silence; waited += 250ms) {
      const auto none = (*device)->fetch(250ms);
      REQUIRE(none);
      CHECK_FALSE(*none);
    }
    return card.requests.size();
  };
  CHECK(requests_after(9s) == 0);
  card.edge_at(0s);
  REQUIRE((*device)->fetch(250ms));
  CHECK(requests_after(9s) == 0);
  CHECK(requests_after(1s) == 1);
  CHECK(requests_after(19s) == 0);
  CHECK(requests_after(1s) == 1);
  CHECK(requests_after(24h) == 7 + 22);  // after 40 s to 2560 s, and then each hour
  card.edge_at(1s);
  REQUIRE((*device)->fetch(250ms));
  CHECK(requests_after(10s) == 1);
  card.start_error = ENODEV;
  bool told = false;
  for (auto waited = 0ms; waited < 20s; waited += 250ms) told = told || !(*device)->fetch(250ms);
  CHECK(told);
}

TEST_CASE("no channel is taken from another pin", "[driver][phc]") {
  Card card;
  card.functions[3].func = PTP_PF_EXTTS;
  card.functions[3].chan = 0;
  card.functions[0].func = PTP_PF_PEROUT;
  card.functions[0].chan = 1;
  REQUIRE(open_phc_device(pin(1), card));
  CHECK(card.pins_set[0].chan == 1);
  CHECK(card.requests[0].index == 1);
  card.functions[1].func = PTP_PF_EXTTS;  // its own, from before
  card.functions[1].chan = 1;
  REQUIRE(open_phc_device(pin(1), card));
  CHECK(card.requests.back().index == 1);
  card.functions[2].func = PTP_PF_EXTTS;
  card.functions[2].chan = 1;
  CHECK_THAT(refusal(card), ContainsSubstring("other pins have all that this clock can stamp"));
}

TEST_CASE("a clock that cannot give pulses is refused with the cure", "[driver][phc]") {
  const auto refused = [](auto spoil) {
    Card card;
    spoil(card);
    auto words = refusal(card);
    CHECK_THAT(words, Catch::Matchers::StartsWith("/dev/ptp0: "));
    CHECK(card.closed == (card.open_error == 0));
    // Nobody else's edges are ended.
    for (const auto& request : card.requests) CHECK(request.flags != 0);
    return words;
  };
  CHECK_THAT(refused([](Card& card) { card.open_error = ENOENT; }), ContainsSubstring("ethtool"));
  CHECK_THAT(refused([](Card& card) { card.open_error = EACCES; }), ContainsSubstring("udev rule"));
  CHECK_THAT(refused([](Card& card) { card.caps_error = ENOTTY; }),
             ContainsSubstring("is it a PTP clock at all?"));
  CHECK_THAT(refused([](Card& card) { card.channels = 0; }), ContainsSubstring("stamps no pulses"));
  CHECK_THAT(refused([](Card& card) { card.pins = 1; }), ContainsSubstring("has no pin 1"));
  CHECK_THAT(refused([](Card& card) { card.pin_error = EOPNOTSUPP; }),
             ContainsSubstring("pin 1 takes no pulses"));
  CHECK_THAT(refused([](Card& card) { card.pin_error = EBUSY; }),
             ContainsSubstring("another program"));
  CHECK_THAT(refused([](Card& card) { card.start_error = EOPNOTSUPP; }),
             ContainsSubstring("not supported"));
  CHECK_THAT(refused([](Card& card) { card.start_error = EPERM; }), ContainsSubstring("udev rule"));
}

TEST_CASE("a clock that goes away, or cannot be read, is reported", "[driver][phc]") {
  Card card;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  card.read_error = EINTR;
  CHECK_FALSE(*(*device)->fetch(1ms));
  card.read_error = ENODEV;
  const auto gone = (*device)->fetch(1ms);
  REQUIRE_FALSE(gone);
  CHECK_THAT(gone.error().message, ContainsSubstring("/dev/ptp0: No such device"));
  card.read_error = 0;
  card.offset_error = EOPNOTSUPP;
  card.edge(500s);
  const auto blind = (*device)->fetch(1ms);
  REQUIRE_FALSE(blind);
  CHECK_THAT(blind.error().message, ContainsSubstring("cannot be read beside the system clock"));
  CHECK_THAT(refusal(card), ContainsSubstring("cannot be read beside the system clock"));
}

TEST_CASE("a clock that is set to nonsense gives no pulse", "[driver][phc]") {
  Card card;
  const auto device = open_phc_device(pin(1), card);
  REQUIRE(device);
  card.edge(500s);
  card.edges.back().t.sec = std::numeric_limits<std::int64_t>::max();
  card.edge(500s);
  card.edges.back().t.sec = std::numeric_limits<std::int64_t>::min();
  for (int i = 0; i < 2; ++i) CHECK_FALSE(*(*device)->fetch(1ms));
}

TEST_CASE("a clock's pulses come through the thread that waits for them", "[driver][phc]") {
  Card card;
  for (const auto edge : {0us, 100us, 200us}) card.edge(500s + edge);
  card.runs = 100us;
  std::vector<SystemTime> stamps;
  bool opened = false;
  const auto thread = open_pulse_feed(pin(1), card);
  while (stamps.size() < 2)
    thread->drain([&](const PulseRecord& record) {
      if (record.kind == PulseRecord::Kind::opened) opened = true;
      if (record.kind == PulseRecord::Kind::pulse) stamps.push_back(record.pulse.stamp);
    });
  CHECK(opened);
  CHECK(stamps == std::vector<SystemTime>{noon + 100us, noon + 200us});
}
